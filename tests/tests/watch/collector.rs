//! What goes through a real Collector with the configuration that we ship.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use e2e::{Launch, Program, Registry, Source, System, free_ports, until};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Jaeger, trace_id, traced};

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/otel-collector.yaml");

/// A Collector before a Jaeger; of traces that are well it keeps none.
pub(crate) struct Stage {
    pub(crate) jaeger: Jaeger,
    program: Program,
    run: Run,
    pub(crate) otlp: String,
    /// Where Prometheus finds what was pushed.
    pub(crate) metrics: String,
    pub(crate) logs: TempDir,
    kept: Arc<Mutex<Vec<Value>>>,
    pub(crate) registry: Registry,
}

/// How the Collector is started.
struct Run {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    /// Where it answers then.
    ready: String,
}

impl Run {
    async fn start(&self) -> Program {
        Program::start(
            &self.binary,
            &self.arguments,
            &self.environment,
            &self.ready,
        )
        .await
    }
}

impl Stage {
    pub(crate) async fn start() -> Option<Self> {
        let kept = Arc::default();
        let logs = format!("http://{}/otlp", keep(&kept).await);
        let stage = Self::before(&logs, kept).await?;
        stage.until_reading("first").await;
        Some(stage)
    }

    /// A Collector that sends log lines there, which `kept` has where it is a keeper of ours.
    pub(crate) async fn before(logs_to: &str, kept: Arc<Mutex<Vec<Value>>>) -> Option<Self> {
        let binary = Source::COLLECTOR.find()?;
        let jaeger = Jaeger::start().await?;
        let [grpc, http, metrics, own] = free_ports();
        let at = |port: u16| format!("127.0.0.1:{port}");
        let logs = TempDir::new().unwrap();
        let environment = [
            ("OTELCOL_LISTEN_GRPC", at(grpc)),
            ("OTELCOL_LISTEN_HTTP", at(http)),
            ("OTELCOL_METRICS", at(metrics)),
            ("OTELCOL_OWN_HOST", "127.0.0.1".to_owned()),
            ("OTELCOL_OWN_PORT", own.to_string()),
            ("OTELCOL_JAEGER", jaeger.otlp.clone()),
            ("OTELCOL_LOKI", logs_to.to_owned()),
            (
                "OTELCOL_LOGS",
                logs.path().join("*.log").display().to_string(),
            ),
            ("OTELCOL_DECISION_WAIT", "5s".to_owned()),
            ("OTELCOL_BATCH", "100ms".to_owned()),
            ("OTELCOL_SHARE", "0".to_owned()),
        ];
        let readable = [
            "yaml:exporters::otlphttp/logs::encoding: json",
            "yaml:exporters::otlphttp/logs::compression: none",
        ];
        let arguments = [CONFIGURATION, readable[0], readable[1]];
        let arguments = arguments.iter().flat_map(|config| ["--config", config]);
        let run = Run {
            binary,
            arguments: arguments.map(str::to_owned).collect(),
            environment: environment.into(),
            ready: format!("http://{}/metrics", at(own)),
        };
        Some(Self {
            jaeger,
            program: run.start().await,
            run,
            otlp: at(grpc),
            metrics: at(metrics),
            logs,
            kept,
            registry: Registry::mini().await,
        })
    }

    /// Ends the Collector and starts it again.
    async fn restart(self) -> Self {
        drop(self.program);
        let program = self.run.start().await;
        Self { program, ..self }
    }

    /// Waits until it reads what is written from now on, and has told all of it.
    async fn until_reading(&self, round: &str) {
        let mut log = String::new();
        let path = self.logs.path().join(format!("{round}.log"));
        let mut write = |message: &str| {
            let line = serde_json::json!({"service.name": "nobody", "message": message});
            log += &format!("{line}\n");
            std::fs::write(&path, &log).unwrap();
        };
        until("a Collector that reads", || {
            write(round);
            let told = self.told(round);
            async move { (told > 0).then_some(()) }
        })
        .await;
        let last = format!("the end of the {round}");
        write(&last);
        until(&last, || async { (self.told(&last) > 0).then_some(()) }).await;
    }

    /// How many records have this text.
    fn told(&self, text: &str) -> usize {
        let records = self.all_records().into_iter();
        let with = records.filter(|(_, record)| record["body"]["stringValue"] == text);
        with.count()
    }

    /// Members, a third as slow to export as deployed, as the Collector is a third as slow to decide.
    pub(crate) fn launch(&self) -> Launch {
        traced(&self.registry, &self.otlp).set("OTEL_BSP_SCHEDULE_DELAY", "333")
    }

    /// The log records about a trace, each with its service.
    fn records(&self, trace: &str) -> Vec<(String, Value)> {
        let mut records = self.all_records();
        records.retain(|(_, record)| record["traceId"] == trace);
        records
    }

    fn all_records(&self) -> Vec<(String, Value)> {
        let kept = self.kept.lock().unwrap();
        let resources = kept.iter().flat_map(|sent| list(&sent["resourceLogs"]));
        let records = resources.flat_map(|resource| {
            let service = attribute(&resource["resource"], "service.name");
            let scopes = list(&resource["scopeLogs"]).into_iter();
            let records = scopes.flat_map(|scope| list(&scope["logRecords"]));
            records.map(move |record| (service.clone(), record))
        });
        records.collect()
    }
}

/// Takes log lines as Loki does; returns where.
async fn keep(kept: &Arc<Mutex<Vec<Value>>>) -> String {
    let take = |State(kept): State<Arc<Mutex<Vec<Value>>>>, body: String| async move {
        kept.lock()
            .unwrap()
            .push(serde_json::from_str(&body).unwrap());
        "{}"
    };
    let router = Router::new()
        .route("/otlp/v1/logs", post(take))
        .with_state(kept.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address.to_string()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn attribute(of: &Value, name: &str) -> String {
    let attributes = list(&of["attributes"]);
    let attribute = attributes.iter().find(|attribute| attribute["key"] == name);
    attribute.map_or_else(String::new, |it| {
        it["value"]["stringValue"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_and_slow_requests_are_kept_and_others_are_not() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let mut system = System::start(stage.launch()).await;
    let mut well = Vec::new();
    for _ in 0..5 {
        well.push(trace_id(&system.example_with(&[]).await.unwrap()));
    }

    system.processes["profile"][0].signal("STOP");
    let awake = async {
        // A third of the longest call. Nothing is slow but what comes last, long after the first span.
        tokio::time::sleep(Duration::from_millis(3300)).await;
        system.processes["profile"][0].signal("CONT");
    };
    let (slow, ()) = tokio::join!(system.example_with(&[]), awake);
    let slow = slow.unwrap();
    assert_eq!(slow.status, 200);
    stage.jaeger.trace(&trace_id(&slow), 9).await;

    system.processes.remove("profile");
    let failed = system.example_with(&[]).await.unwrap();
    assert_eq!(failed.status, 503);
    let spans = stage.jaeger.trace(&trace_id(&failed), 7).await;
    assert!(
        spans.iter().any(|span| span.service == "geo"),
        "all of it is kept"
    );
    // They came before those that were kept, so they have been decided.
    for trace in well {
        assert!(stage.jaeger.spans(&trace).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_arrive_with_the_trace_that_they_are_about() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let system = System::start(stage.launch().set("BELLHOP_ACCESS_LOG", "all")).await;
    let answer = system
        .example_with(&[("x-request-id", "r-9")])
        .await
        .unwrap();
    let trace = trace_id(&answer);
    let services: Vec<_> = system.processes.keys().copied().collect();
    for service in &services {
        let process = &system.processes[service][0];
        let lines = until("a line about the request", || async {
            let output = process.output();
            output.contains("r-9").then_some(output)
        })
        .await;
        write(
            &stage.logs.path().join(format!("{service}.log")),
            service,
            &lines,
        );
    }
    let records = until("lines of all services", || async {
        let records = stage.records(&trace);
        (records.len() >= services.len()).then_some(records)
    })
    .await;
    for service in services {
        let (_, record) = records.iter().find(|(of, _)| of == service).expect(service);
        assert_eq!(record["severityText"], "INFO", "{record}");
        assert_eq!(record["body"]["stringValue"], "answered", "{record}");
        assert_eq!(record["spanId"].as_str().unwrap().len(), 16);
        assert_eq!(attribute(record, "request_id"), "r-9");
        // Nothing is kept twice.
        for read in ["log", "stream", "time", "level", "trace_id", "span_id"] {
            assert_eq!(attribute(record, read), "", "{record}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_starts_again_tells_no_line_twice() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let before = stage.told("first");
    let stage = stage.restart().await;
    stage.until_reading("second").await;
    assert_eq!(stage.told("first"), before);
}

/// As Docker keeps lines, or as they are.
fn write(file: &Path, service: &str, lines: &str) {
    let wrapped = |line: &str| {
        let line = serde_json::json!({"log": format!("{line}\n"), "stream": "stderr", "time": "2026-01-01T00:00:00Z"});
        line.to_string()
    };
    let lines: Vec<_> = match service {
        "geo" | "rate" => lines.lines().map(wrapped).collect(),
        _ => lines.lines().map(str::to_owned).collect(),
    };
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_hangs_or_is_gone_is_not_noticed_by_requests() {
    let Some(stage) = Stage::start().await else {
        return;
    };
    let launch = stage
        .launch()
        .set("OTEL_BSP_MAX_QUEUE_SIZE", "64")
        .set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16");
    let system = System::start(launch).await;
    stage.program.signal("STOP");
    for _ in 0..100 {
        system.example().await.unwrap();
    }
    drop(stage.program);
    for _ in 0..100 {
        system.example().await.unwrap();
    }
    let frontend = system.processes["frontend"][0].output();
    let complaints = frontend.matches("bellhop::telemetry").count();
    assert!(complaints <= 2, "{frontend}");
}
