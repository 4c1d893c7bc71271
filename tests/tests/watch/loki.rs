//! Log lines in a real Loki, by way of a real Collector, asked for as Grafana does.

use std::{path::Path, sync::Arc};

use e2e::{Client, Program, Source, System, free_ports, until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    collector::Stage,
    prometheus::encoded,
    stage::{trace_id, traced},
};

const DASHBOARD: &str = include_str!("../../../deploy/grafana/dashboards/hotels.json");
const COMPOSE: &str = include_str!("../../../docker-compose.yml");
const DATASOURCES: &str =
    include_str!("../../../deploy/grafana/provisioning/datasources/hotels.yml");

/// As the image that compose names has it, but for where it listens and what it writes to.
const CONFIGURATION: &str = "
auth_enabled: false
server:
  http_listen_address: 127.0.0.1
  http_listen_port: HTTP
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: GRPC
common:
  instance_addr: 127.0.0.1
  path_prefix: FOLDER
  storage:
    filesystem:
      chunks_directory: FOLDER/chunks
      rules_directory: FOLDER/rules
  replication_factor: 1
  ring:
    kvstore:
      store: inmemory
schema_config:
  configs:
    - from: 2020-10-24
      store: tsdb
      object_store: filesystem
      schema: v13
      index:
        prefix: index_
        period: 24h
analytics:
  reporting_enabled: false
";

/// What else the deployed one is told.
fn deployed() -> Vec<String> {
    let (_, loki) = COMPOSE.split_once("\n  loki:\n").unwrap();
    let loki = loki.split("\n\n").next().unwrap();
    let flags = loki
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- -"));
    let flags = flags.filter(|flag| !flag.starts_with("config.file="));
    let flags: Vec<_> = flags.map(|flag| format!("-{flag}")).collect();
    assert!(!flags.is_empty());
    flags
}

struct Loki {
    _program: Program,
    _folder: TempDir,
    url: String,
}

impl Loki {
    async fn start() -> Option<Self> {
        let binary = Source::LOKI.find()?;
        let folder = TempDir::new().unwrap();
        let [http, grpc] = free_ports().map(|port: u16| port.to_string());
        let text = CONFIGURATION
            .replace("HTTP", &http)
            .replace("GRPC", &grpc)
            .replace("FOLDER", &folder.path().display().to_string());
        let path = folder.path().join("loki.yaml");
        std::fs::write(&path, text).unwrap();
        let url = format!("http://127.0.0.1:{http}");
        let argument = format!("-config.file={}", path.display());
        let arguments = [argument].into_iter().chain(deployed());
        // Ready is what it says after a quarter of a minute; until then it serves all the same.
        let ready = format!("{url}/loki/api/v1/labels");
        let program = Program::start(&binary, arguments, &[], &ready).await;
        Some(Self {
            _program: program,
            _folder: folder,
            url,
        })
    }

    /// The streams that a query finds: the labels of each, and how many lines.
    async fn query(&self, query: &str) -> Vec<(Value, usize)> {
        let query = encoded(query);
        let url = format!(
            "{}/loki/api/v1/query_range?limit=1000&query={query}",
            self.url
        );
        let found = match Client::new().get(&url).await {
            Ok(answer) if answer.status.is_success() => answer.json()["data"]["result"].clone(),
            _ => Value::Null,
        };
        let streams = found.as_array().cloned().unwrap_or_default().into_iter();
        let lines = |stream: &Value| stream["values"].as_array().map_or(0, Vec::len);
        streams
            .map(|stream| (stream["stream"].clone(), lines(&stream)))
            .collect()
    }
}

/// What the dashboard asks Loki for.
fn panel() -> String {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let mut targets = panels.filter_map(|panel| panel["targets"].as_array()?.first());
    let ours = targets.find(|target| target["datasource"]["type"] == "loki");
    let query = ours.expect("a panel of log lines")["expr"]
        .as_str()
        .unwrap();
    query.replace("$service", ".+")
}

/// Adds lines to a file, as a process does that goes on.
fn append(file: &Path, lines: &str) {
    let before = std::fs::read_to_string(file).unwrap_or_default();
    std::fs::write(file, format!("{before}{lines}\n")).unwrap();
}

/// What Grafana asks where somebody goes from a span to its log lines. It fills the trace in, and reads `$$` in a file as `$`.
fn link(trace: &str) -> String {
    let query = |line: &'static str| line.trim().strip_prefix("query: '")?.strip_suffix('\'');
    let query = DATASOURCES.lines().find_map(query).expect("a query");
    assert!(query.contains("$${__span.traceId}"), "{query}");
    query.replace("$${__span.traceId}", trace)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_of_a_trace_are_found_in_loki_for_every_service() {
    let Some(loki) = Loki::start().await else {
        return;
    };
    let Some(stage) = Stage::before(&format!("{}/otlp", loki.url), Arc::default()).await else {
        return;
    };
    let launch = traced(&stage.registry, &stage.otlp).set("BELLHOP_ACCESS_LOG", "all");
    let system = System::start(launch).await;
    let answer = system.example_with(&[("x-request-id", "r-10")]).await;
    let trace = trace_id(&answer.unwrap());
    let query = link(&trace);
    for (service, processes) in &system.processes {
        let lines = until("a line about the request", || async {
            let output = processes[0].output();
            output.contains("r-10").then_some(output)
        })
        .await;
        let file = stage.logs.path().join(format!("{service}.log"));
        let labels = until(&format!("lines of {service}"), || async {
            append(&file, &lines);
            let found = loki.query(&query).await.into_iter();
            let mut labels = found.map(|(labels, _)| labels);
            labels.find(|labels| labels["service_name"] == *service)
        })
        .await;
        assert_eq!(labels["request_id"], "r-10", "{labels}");
    }
    // The link from a line to its trace.
    assert!(DATASOURCES.contains("matcherRegex: trace_id"));

    let warning = json!({"level": "WARN", "service.name": "geo", "message": "something is odd"});
    let file = stage.logs.path().join("odd.log");
    until("what the dashboard shows", || async {
        append(&file, &warning.to_string());
        let found = loki.query(&panel()).await;
        let is_it = |(labels, _): &(Value, usize)| labels["service_name"] == "geo";
        found.iter().any(is_it).then_some(())
    })
    .await;
}
