//! What a real Prometheus finds through a real Consul, with the configuration that we ship.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use e2e::{Client, Launch, Program, Registry, Source, System, free_ports, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::BINARY;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");

pub(crate) struct Prometheus {
    _program: Program,
    _folder: TempDir,
    url: String,
}

impl Prometheus {
    pub(crate) async fn start(registry: &Registry) -> Option<Self> {
        Self::beside(registry, "127.0.0.1:1").await
    }

    /// Beside a Collector that has pushed metrics for it, at this address.
    pub(crate) async fn beside(registry: &Registry, collector: &str) -> Option<Self> {
        let binary = Source::PROMETHEUS.find()?;
        let folder = TempDir::new().unwrap();
        prepare(folder.path(), registry, collector);
        let [port] = free_ports();
        let in_folder = |name: &str| folder.path().join(name).display().to_string();
        let arguments = [
            format!("--config.file={}", in_folder("prometheus.yml")),
            format!("--storage.tsdb.path={}", in_folder("data")),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--enable-feature=exemplar-storage".to_owned(),
        ];
        let url = format!("http://127.0.0.1:{port}");
        let program = Program::start(&binary, arguments, &[], &format!("{url}/-/ready")).await;
        Some(Self {
            _program: program,
            _folder: folder,
            url,
        })
    }

    pub(crate) async fn ask(&self, path: &str) -> Value {
        let answer = Client::new()
            .get(&format!("{}/api/v1/{path}", self.url))
            .await;
        answer.map_or(Value::Null, |answer| answer.json()["data"].clone())
    }

    /// The instances that it scrapes.
    async fn targets(&self) -> BTreeSet<String> {
        let found = self.ask("targets?state=active&scrapePool=bellhop").await;
        let targets = found["activeTargets"].as_array().cloned();
        let instance = |target: &Value| target["labels"]["instance"].as_str().unwrap().to_owned();
        targets.unwrap_or_default().iter().map(instance).collect()
    }

    /// The exemplars of the series that a query is about, as Grafana asks for them.
    pub(crate) async fn exemplars(&self, query: &str) -> Vec<Value> {
        // From an hour ago until an hour from now.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let (start, end) = (now.as_secs() - 3600, now.as_secs() + 3600);
        let query = encoded(query);
        let path = format!("query_exemplars?query={query}&start={start}&end={end}");
        let found = self.ask(&path).await.as_array().cloned();
        let series = found.unwrap_or_default().into_iter();
        series
            .flat_map(|series| series["exemplars"].as_array().cloned().unwrap_or_default())
            .collect()
    }

    /// The series that a query finds, each with its value.
    pub(crate) async fn query(&self, query: &str) -> Vec<(Value, f64)> {
        let found = self.ask(&format!("query?query={query}")).await;
        let found = found["result"].as_array().cloned().unwrap_or_default();
        let value = |series: &Value| series["value"][1].as_str().unwrap().parse().unwrap();
        found
            .iter()
            .map(|series| (series["metric"].clone(), value(series)))
            .collect()
    }
}

/// Our files, but for where Consul and the Collector are and how often it looks.
fn prepare(folder: &Path, registry: &Registry, collector: &str) {
    let ours = fs::read_to_string(format!("{DEPLOY}/prometheus.yml")).unwrap();
    let address = registry.address().to_string();
    let changed = ours.replace("consul:8500", &address).replace("15s", "1s");
    let changed = changed.replace("otel-collector:8889", collector);
    assert!(changed.contains(&address) && changed.contains(collector));
    fs::write(folder.join("prometheus.yml"), changed).unwrap();
    fs::create_dir(folder.join("rules")).unwrap();
    for rules in ["red.rules.yml", "alerts.rules.yml"] {
        fs::copy(
            format!("{DEPLOY}/rules/{rules}"),
            folder.join("rules").join(rules),
        )
        .unwrap();
    }
}

/// As it stands in a URL.
pub(crate) fn encoded(query: &str) -> String {
    query.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => text.push(byte.into()),
            _ => write!(text, "%{byte:02X}").unwrap(),
        }
        text
    })
}

async fn registered(registry: &Registry) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for service in ["frontend", "search", "profile", "geo", "rate"] {
        ids.extend(registry.passing(service).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_is_found_through_consul_and_up() {
    let Some(registry) = Registry::consul().await else {
        return;
    };
    let Some(prometheus) = Prometheus::start(&registry).await else {
        return;
    };
    let mut system = System::start(Launch::new(BINARY).registry(&registry)).await;
    system.add("rate");
    system.passing(&registry, "rate", 2).await;
    let all = registered(&registry).await;
    assert_eq!(all.len(), 6);
    let up = || async {
        let series = prometheus.query("up").await;
        let bellhop = series
            .into_iter()
            .filter(|(labels, up)| labels["job"] == "bellhop" && *up == 1.0);
        bellhop
            .map(|(labels, _)| labels["instance"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    until("all are up", || async { (up().await == all).then_some(()) }).await;

    // Who has gone is a target no longer.
    let leaving = system.processes.get_mut("rate").unwrap().pop().unwrap();
    leaving.terminate();
    until("one less", || async {
        (prometheus.targets().await.len() == 5).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_work_on_what_the_system_says() {
    let Some(registry) = Registry::consul().await else {
        return;
    };
    let Some(prometheus) = Prometheus::start(&registry).await else {
        return;
    };
    let system = System::start(Launch::new(BINARY).registry(&registry)).await;
    let edges = until("rates of all edges", || async {
        system.example().await.unwrap();
        let edges = prometheus.query("edge:rpc_client_calls:rate5m%3E0").await;
        let edges = edges.iter().map(|(labels, _)| {
            let name = |label: &str| labels[label].as_str().unwrap().to_owned();
            (name("service"), name("server_address"))
        });
        let edges: BTreeSet<_> = edges.collect();
        (edges.len() >= 4).then_some(edges)
    })
    .await;
    let expected = [
        ("frontend", "profile"),
        ("frontend", "search"),
        ("search", "geo"),
        ("search", "rate"),
    ];
    let expected = expected.map(|(one, other)| (one.to_owned(), other.to_owned()));
    assert_eq!(edges, BTreeSet::from(expected));
    until("no failures", || async {
        let ratio = prometheus.query("service:http_errors:ratio5m").await;
        (ratio.len() == 1 && ratio[0].1 == 0.0).then_some(())
    })
    .await;

    let rules = prometheus.ask("rules").await;
    for group in rules["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            assert_ne!(rule["health"], "err", "{rule}");
        }
    }
    let alerts = prometheus.ask("alerts").await;
    let firing = alerts["alerts"].as_array().unwrap().iter();
    let firing: Vec<_> = firing.filter(|alert| alert["state"] == "firing").collect();
    assert!(firing.is_empty(), "{firing:?}");
}
