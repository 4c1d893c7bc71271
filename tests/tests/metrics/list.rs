//! What the system tells, held against the list for operators.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use bellhop::Shards;
use e2e::{Receiver, Registry, Sample, samples, total};

use crate::{EXAMPLE, members::Members};

const DOCUMENT: &str = include_str!("../../../docs/observability.md");

/// Metrics by their names in the text, each with the labels that it has.
type Seen = BTreeMap<String, BTreeSet<String>>;

/// The rows of the table below a heading: their cells, without the marks of code.
fn rows(heading: &str) -> impl Iterator<Item = Vec<String>> {
    let (_, section) = DOCUMENT.split_once(heading).expect("the heading");
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
}

/// What the document says, by the names that the text has for it.
fn documented() -> Seen {
    let metrics = rows("## The list").map(|row| {
        let [name, kind, unit, attributes, _] = row.try_into().expect("five cells");
        let unit = match &*unit {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        let total = if kind == "counter" { "_total" } else { "" };
        let labels = attributes.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.replace('.', "_")).collect();
        (format!("{}{unit}{total}", name.replace('.', "_")), labels)
    });
    metrics.collect()
}

/// Adds what a text has.
fn see(seen: &mut Seen, text: &str) {
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let histogram = |family: &str| family.strip_suffix(" histogram").map(str::to_owned);
    let histograms: Vec<_> = families.filter_map(histogram).collect();
    let told = samples(text)
        .into_iter()
        .filter(|sample| sample.name != "target_info");
    for Sample { name, labels, .. } in told {
        let family = histograms
            .iter()
            .find(|family| name.starts_with(&***family));
        let known = seen.entry(family.cloned().unwrap_or(name)).or_default();
        known.extend(labels.into_keys().filter(|label| label != "le"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_label_is_one_of_the_list_and_all_of_them_are_there() {
    let (registry, receiver) = (Registry::mini().await, Receiver::start().await);
    let settings = frontend::Settings::default();
    let shards = Shards::start(NonZeroUsize::MIN).expect("a shard");
    let mut members = Members::start(&registry, &receiver, &shards, settings).await;
    members.until_answered("/readyz", 200).await;
    members.until_answered(EXAMPLE, 200).await;
    // Paths and methods that somebody invents.
    for number in 0..50 {
        assert_eq!(
            members.ask(&format!("/invented-{number}?x={number}")).await,
            404
        );
    }
    // Something fails on both sides of a call, and at the door.
    members.stop("geo").await;
    members.until_answered(EXAMPLE, 503).await;

    let mut seen = Seen::new();
    for name in ["rate", "profile", "search", "frontend"] {
        let text = members.text(name);
        see(&mut seen, &text);
        assert_eq!(total(&text, "target_info", &[("service_name", name)]), 1.0);
        samples(&text).iter().for_each(expect_bounded);
    }
    assert_eq!(seen, documented());
}

/// Nothing that comes from outside is the value of a label.
fn expect_bounded(sample: &Sample) {
    let value = |label: &str| sample.labels.get(label).map_or("", |value| &**value);
    let invented = |value: &String| value.contains("invented");
    assert!(!sample.labels.values().any(invented), "{sample:?}");
    let routes = ["", "/", "/hotels"];
    assert!(routes.contains(&value("http_route")), "{sample:?}");
    assert!(!value("rpc_method").starts_with("grpc."), "{sample:?}");
}
