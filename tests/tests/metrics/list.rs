//! What the system tells, held against the list for operators.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use bellhop::{
    Shards,
    limit::{ClientLimiter, TrustedProxies},
};
use e2e::{Raw, Receiver, Registry, Sample, samples, total, until};
use http::Request;
use tonic::body::Body;
use tower::Service;

use crate::{EXAMPLE, members::Members};

const DOCUMENT: &str = include_str!("../../../docs/observability.md");

/// What members call and serve.
const METHODS: [&str; 4] = [
    "geo.Geo/Nearby",
    "profile.Profile/GetProfiles",
    "rate.Rate/GetRates",
    "search.Search/Nearby",
];

/// What one calls and nobody serves: a name only where it is called.
const INVENTED: &str = "geo.Geo/Invented";

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

/// The words that the document has for the values of an attribute, by its label; the other values are not to be listed.
fn values() -> Seen {
    let (_, section) = DOCUMENT
        .split_once("## The attributes")
        .expect("the heading");
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let row = |row: &str| {
        let mut cells = row.trim_matches('|').split('|');
        let label = cells.next()?.trim().trim_matches('`').replace('.', "_");
        let words = cells.next()?.split('`').skip(1).step_by(2);
        let words = words.filter(|word| is_word(word)).map(str::to_owned);
        Some((label, words.collect()))
    };
    rows.filter_map(row).collect()
}

/// Not a setting, an example of a name or a path.
fn is_word(text: &str) -> bool {
    text == "_OTHER"
        || text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Adds the values of the labels in a text.
fn see_values(seen: &mut Seen, text: &str) {
    for sample in samples(text) {
        if sample.name != "target_info" {
            for (label, value) in sample.labels {
                seen.entry(label).or_default().insert(value);
            }
        }
    }
}

/// Whether an attribute may have a value that no document lists.
fn may_be(label: &str, value: &str) -> bool {
    const SERVICES: [&str; 4] = ["geo", "rate", "profile", "search"];
    let is_code = |value: &str| {
        value
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let is_number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
    let of_one = |end: &str| {
        SERVICES
            .iter()
            .any(|name| value.starts_with(&format!("{name}{end}")))
    };
    match label {
        "rpc_method" => METHODS.contains(&value) || value == INVENTED,
        "rpc_response_status_code" | "http_request_method" => is_code(value),
        "error_type" => is_code(value) || is_number(value),
        "http_response_status_code" | "bellhop_shard" => is_number(value),
        "http_route" => ["/", "/hotels"].contains(&value),
        "server_address" => SERVICES.contains(&value),
        "bellhop_instance" => of_one("-"),
        "bellhop_version" => ["v1", "v2"].contains(&value),
        "le" => true,
        _ => false,
    }
}

/// All members, with everything switched on that refuses or counts.
async fn members(registry: &Registry, receiver: &Receiver, shards: &Shards) -> Members {
    let rate = "1000:1000".parse().expect("a rate");
    let settings = frontend::Settings {
        limit: Some(ClientLimiter::new(rate, TrustedProxies::default())),
        ..frontend::Settings::default()
    };
    let members = Members::start(registry, receiver, shards, settings).await;
    members.until_answered("/readyz", 200).await;
    members.until_answered(EXAMPLE, 200).await;
    members
}

/// Paths and methods that somebody invents.
async fn invent(members: &Members) {
    for number in 0..50 {
        assert_eq!(
            members.ask(&format!("/invented-{number}?x={number}")).await,
            404
        );
    }
    let mut raw = Raw::connect(members.address()).await;
    raw.say("BREW /hotels HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await;
    raw.closed().await;
    let mut geo = members.meshes["search"].channel("geo");
    let invented = Request::post(format!("/{INVENTED}"))
        .header("content-type", "application/grpc")
        .body(Body::empty());
    let answer = geo
        .call(invented.expect("a request"))
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["grpc-status"], "12");
}

/// Traffic that is split, to a version that there is and to one that there is not.
async fn split(registry: &Registry, members: &Members) {
    registry
        .put("bellhop/split/rate", r#"{"v1":90,"v2":10}"#)
        .await;
    until("a split", || async {
        let text = members.text("search");
        let of = |name, version| total(&text, name, &[("bellhop_version", version)]);
        let told = ["bellhop_split_share", "bellhop_split_serving"]
            .map(|name| (of(name, "v1"), of(name, "v2")));
        (told == [(0.9, 0.1), (1.0, 0.0)]).then_some(())
    })
    .await;
}

/// One who leaves before the answer.
async fn leave(members: &Members) {
    until("one who has left", || async {
        let mut raw = Raw::connect(members.address()).await;
        let head = format!("GET {EXAMPLE} HTTP/1.1\r\nhost: a\r\n\r\n");
        raw.say(&head).await;
        drop(raw);
        let left = [("error_type", "cancelled")];
        let text = members.text("frontend");
        (total(&text, "http_server_request_duration_seconds_count", &left) > 0.0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_label_is_one_of_the_list_and_all_of_them_are_there() {
    let (registry, receiver) = (Registry::mini().await, Receiver::start().await);
    let shards = Shards::start(NonZeroUsize::MIN).expect("a shard");
    let mut members = members(&registry, &receiver, &shards).await;
    invent(&members).await;
    split(&registry, &members).await;
    let (mut seen, mut values_seen) = (Seen::new(), Seen::new());
    let called = members.text("geo");
    assert!(
        !called.contains(INVENTED),
        "only who calls has names for what is not there"
    );
    see_values(&mut values_seen, &called);
    // Something fails on both sides of a call, and at the door.
    members.stop("geo").await;
    members.until_answered(EXAMPLE, 503).await;
    leave(&members).await;

    for name in ["rate", "profile", "search", "frontend"] {
        let text = members.text(name);
        see(&mut seen, &text);
        see_values(&mut values_seen, &text);
        assert_eq!(total(&text, "target_info", &[("service_name", name)]), 1.0);
    }
    assert_eq!(seen, documented());
    expect_documented(&values_seen);
}

/// Every word of the document was seen, and nothing else that is not of its kind: nothing that comes from outside.
fn expect_documented(seen: &Seen) {
    let documented = values();
    for (label, words) in &documented {
        let missing: Vec<_> = words.difference(&seen[label]).collect();
        assert!(missing.is_empty(), "{label}: {missing:?}");
    }
    for (label, values) in seen {
        let words = documented.get(label).cloned().unwrap_or_default();
        for value in values.difference(&words) {
            assert!(may_be(label, value), "{label}={value}");
        }
    }
}
