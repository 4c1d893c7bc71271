//! A member whose settings are a map, and a collector that takes its spans.

mod collector;
mod exported;

use std::{collections::BTreeMap, future::Future, time::Duration};

use bellhop::{
    config::Reader,
    telemetry::{Identity, Settings, Telemetry},
};
use http::HeaderMap;

pub(crate) use collector::{Collector, Gate};
pub(crate) use exported::{Exported, Find};

/// Both ways to a collector.
pub(crate) const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

/// For a shutdown that will succeed; what fails does not wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The settings of these variables; they must be good.
pub(crate) fn settings(variables: &[(&str, &str)]) -> Settings {
    let source: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut reader = Reader::new(&source);
    let settings = Settings::read(&mut reader);
    reader.finish().expect("good settings");
    settings
}

/// A member of this name that exports to `url`, by default only when it is shut down.
pub(crate) fn member(name: &str, url: &str, protocol: &str, more: &[(&str, &str)]) -> Telemetry {
    let mut variables = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
    ];
    variables.extend(more);
    settings(&variables).start(identity(name)).expect("a start")
}

pub(crate) fn identity(service: &str) -> Identity<'_> {
    Identity {
        service,
        instance: "instance-1",
        version: "1.2.3",
    }
}

/// The headers of a call whose caller says this.
pub(crate) fn traceparent(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", value.parse().expect("a header"));
    headers
}

/// Fails a test that hangs, with a word on what it waited for.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
