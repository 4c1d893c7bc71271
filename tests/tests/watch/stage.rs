//! A Jaeger, and what it is asked.

use e2e::{Answer, Client, Launch, Program, Registry, Source, free_ports, until};
use serde_json::Value;

use crate::trace::Span;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

/// A Jaeger that keeps traces in memory.
pub(crate) struct Jaeger {
    _program: Program,
    pub(crate) otlp: String,
    query: String,
    client: Client,
}

impl Jaeger {
    /// A Jaeger, where there is one.
    pub(crate) async fn start() -> Option<Self> {
        let binary = Source::JAEGER.find()?;
        let [
            grpc,
            http,
            query,
            query_grpc,
            admin,
            collector,
            collector_http,
        ] = free_ports().map(|port: u16| format!("127.0.0.1:{port}"));
        let arguments = [
            format!("--collector.otlp.grpc.host-port={grpc}"),
            format!("--collector.otlp.http.host-port={http}"),
            format!("--query.http-server.host-port={query}"),
            format!("--query.grpc-server.host-port={query_grpc}"),
            format!("--admin.http.host-port={admin}"),
            format!("--collector.grpc-server.host-port={collector}"),
            format!("--collector.http-server.host-port={collector_http}"),
        ];
        let memory = [("SPAN_STORAGE_TYPE", "memory".to_owned())];
        let ready = format!("http://{query}/api/services");
        let program = Program::start(&binary, arguments, &memory, &ready).await;
        Some(Self {
            _program: program,
            otlp: grpc,
            query,
            client: Client::new(),
        })
    }

    pub(crate) async fn ask(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.query);
        match self.client.get(&url).await {
            Ok(answer) if answer.status.is_success() => answer.json()["data"].clone(),
            _ => Value::Null,
        }
    }

    /// The spans of a trace, as far as they are there.
    pub(crate) async fn spans(&self, trace: &str) -> Vec<Span> {
        Span::all_of(&self.ask(&format!("/api/traces/{trace}")).await[0])
    }

    /// The root of a trace, once it is there.
    pub(crate) async fn root(&self, trace: &str) -> Span {
        until(&format!("the root of {trace}"), || async {
            let there = self.spans(trace).await;
            there.into_iter().find(|span| span.parent.is_empty())
        })
        .await
    }

    /// The spans of a trace, once there are so many.
    pub(crate) async fn trace(&self, trace: &str, spans: usize) -> Vec<Span> {
        until(&format!("{spans} spans of {trace}"), || async {
            let there = self.spans(trace).await;
            (there.len() >= spans).then_some(there)
        })
        .await
    }
}

/// Sends all spans there, soon.
pub(crate) fn traced(registry: &Registry, otlp: &str) -> Launch {
    Launch::new(BINARY)
        .registry(registry)
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{otlp}"))
        .set("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
        .set("OTEL_METRICS_EXPORTER", "none")
        .set("OTEL_BSP_SCHEDULE_DELAY", "50")
        // Nothing but what a test does may make it try again.
        .set("BELLHOP_HEDGE_AFTER", "off")
}

pub(crate) fn trace_id(answer: &Answer) -> String {
    answer.header("x-trace-id").to_owned()
}
