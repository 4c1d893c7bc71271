//! The metrics of the whole system, held against the list for operators.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use bellhop::{Mesh, Serving, Shards};
use e2e::{Client, Receiver, Registry, until};

const DOCUMENT: &str = include_str!("../../docs/observability.md");
const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";

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

/// Who says which labels of a line of the text, as `name{label="value",…} …`.
fn sample(line: &str) -> (String, BTreeMap<String, String>) {
    let Some((name, rest)) = line.split_once('{') else {
        let (name, _) = line.split_once(' ').expect("a value");
        return (name.to_owned(), BTreeMap::new());
    };
    let (labels, _) = rest.rsplit_once("} ").expect("the end of the labels");
    let labels = labels.trim_end_matches('"').split("\",").map(|label| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name.to_owned(), value.to_owned())
    });
    (name.to_owned(), labels.collect())
}

fn samples(text: &str) -> impl Iterator<Item = (String, BTreeMap<String, String>)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(sample).filter(|(name, _)| name != "target_info")
}

/// Adds what a text has.
fn see(seen: &mut Seen, text: &str) {
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let histogram = |family: &str| family.strip_suffix(" histogram").map(str::to_owned);
    let histograms: Vec<_> = families.filter_map(histogram).collect();
    for (name, labels) in samples(text) {
        let family = histograms
            .iter()
            .find(|family| name.starts_with(&***family));
        let known = seen.entry(family.cloned().unwrap_or(name)).or_default();
        known.extend(labels.into_keys().filter(|label| label != "le"));
    }
}

/// All members in this process.
struct Members {
    serving: BTreeMap<&'static str, Serving>,
    meshes: BTreeMap<&'static str, Mesh>,
    frontend: String,
}

impl Members {
    async fn start(registry: &Registry, receiver: &Receiver, shards: &Shards) -> Self {
        let settings = BTreeMap::from([
            ("CONSUL_HTTP_ADDR", registry.address().to_string()),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.endpoint()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
        ]);
        let settings = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let settings: BTreeMap<_, _> = settings.collect();
        let names = ["geo", "rate", "profile", "search", "frontend"];
        let mesh = |name| (name, Mesh::from_source(name, &settings).expect("a mesh"));
        let meshes = BTreeMap::from(names.map(mesh));

        let geo = geo::Geo::new(geo::Index::embedded().expect("data"));
        let rate = rate::Rate::new(rate::Inventory::embedded().expect("data"));
        let profile = profile::Profile::new(profile::Catalogue::embedded().expect("data"));
        let frontend = frontend::Settings::default();
        let serving = [
            ("geo", geo::serve(&meshes["geo"], shards, geo).await),
            ("rate", rate::serve(&meshes["rate"], shards, rate).await),
            (
                "profile",
                profile::serve(&meshes["profile"], shards, profile).await,
            ),
            ("search", search::serve(&meshes["search"], shards).await),
            (
                "frontend",
                frontend::serve(&meshes["frontend"], shards, frontend).await,
            ),
        ];
        let serving = serving.map(|(name, serving)| (name, serving.expect(name)));
        let serving = BTreeMap::from(serving);
        Self {
            frontend: format!("http://{}", serving["frontend"].address()),
            serving,
            meshes,
        }
    }

    async fn stop(&mut self, name: &str) {
        let serving = self.serving.remove(name);
        serving.expect("a member that serves").stop().await;
    }

    fn text(&self, name: &str) -> String {
        self.meshes[name].metrics().text(None).body
    }

    /// The status of the answer to a request.
    async fn ask(&self, path: &str) -> u16 {
        let client = Client::without_reuse();
        let answer = client.get(&format!("{}{path}", self.frontend)).await;
        answer.expect("an answer").status.as_u16()
    }

    async fn until_answered(&self, path: &str, status: u16) {
        until(&format!("{status} for {path}"), || async {
            (self.ask(path).await == status).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_and_label_is_one_of_the_list_and_all_of_them_are_there() {
    let (registry, receiver) = (Registry::mini().await, Receiver::start().await);
    let shards = Shards::start(NonZeroUsize::MIN).expect("a shard");
    let mut members = Members::start(&registry, &receiver, &shards).await;
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
        assert!(text.contains(&format!("service_name=\"{name}\"")), "{text}");
        for (metric, labels) in samples(&text) {
            let value = |label: &str| labels.get(label).map_or("", |value| &**value);
            assert!(
                !labels.values().any(|value| value.contains("invented")),
                "{metric} {labels:?}"
            );
            assert!(
                ["", "/", "/hotels"].contains(&value("http_route")),
                "{metric} {labels:?}"
            );
            assert!(
                !value("rpc_method").starts_with("grpc."),
                "{metric} {labels:?}"
            );
        }
    }
    assert_eq!(seen, documented());
}
