//! The standard `OTEL_*` variables.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use opentelemetry::{Key, Value};

use super::{
    collector::{Collector, Transport, certificates},
    export::{StartError, resource, start},
    metrics::Metrics,
    pairs,
    propagation::Propagators,
    sampler::Sampler,
    tracer::Telemetry,
};
use crate::config::Reader;

const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_BATCH_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_SCHEDULE_DELAY: Duration = Duration::from_secs(5);
const DEFAULT_QUEUE: usize = 2048;
const DEFAULT_BATCH: usize = 512;

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The name of the service.
    pub service: &'a str,
    /// The id of this instance, as the registry knows it.
    pub instance: &'a str,
    /// The version of the service.
    pub version: &'a str,
}

/// Telemetry as the standard variables describe it.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `OTEL_SDK_DISABLED` | `true` turns all off | `false` |
/// | `OTEL_TRACES_EXPORTER` | `otlp` or `none` | `otlp` |
/// | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector, as in `http://localhost:4318`; over HTTP `/v1/traces` is appended | none: nothing is recorded |
/// | `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the same for traces alone, and the path is taken as it is | |
/// | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` (port 4318 by custom) or `grpc` (4317) | `http/protobuf`, as the standard has it |
/// | `OTEL_EXPORTER_OTLP_HEADERS` | `key=value,…` to send along, a secret | |
/// | `OTEL_EXPORTER_OTLP_TIMEOUT` | for one export with its retries, in milliseconds | 10000 |
/// | `OTEL_EXPORTER_OTLP_CERTIFICATE` | a PEM file of the authorities trusted for `https` | those of the system |
/// | `OTEL_TRACES_SAMPLER` | `always_on`, `always_off`, `traceidratio`, each also after `parentbased_` | `parentbased_always_on` |
/// | `OTEL_TRACES_SAMPLER_ARG` | the share of a `traceidratio`, 0 to 1 | 1 |
/// | `OTEL_PROPAGATORS` | what is sent with calls: `tracecontext`, `baggage` and `jaeger` (`uber-trace-id`) in a list, or `none`; all of them are understood, but with `none` | `tracecontext,baggage` |
/// | `OTEL_RESOURCE_ATTRIBUTES` | `key=value,…`; wins over the program's own | |
/// | `OTEL_SERVICE_NAME` | wins over everything else | |
/// | `OTEL_BSP_SCHEDULE_DELAY` | between two exports, in milliseconds | 5000 |
/// | `OTEL_BSP_EXPORT_TIMEOUT` | the most that one batch may take, in milliseconds | 30000 |
/// | `OTEL_BSP_MAX_QUEUE_SIZE` | spans that wait; more are dropped | 2048 |
/// | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | spans in one export | 512 |
///
/// `PROTOCOL`, `HEADERS`, `TIMEOUT` and `CERTIFICATE` have variants for traces alone, as in `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) collector: Option<Collector>,
    pub(super) sampler: Sampler,
    pub(super) propagators: Propagators,
    pub(super) batches: Batches,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) service: Option<String>,
    /// Whether anything is counted.
    pub(super) metrics: bool,
}

/// How spans wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batches {
    pub(super) delay: Duration,
    pub(super) timeout: Duration,
    pub(super) queue: usize,
    pub(super) batch: usize,
}

impl Settings {
    /// Reads and checks all of them, also where telemetry is off.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let disabled = reader.flag("OTEL_SDK_DISABLED").unwrap_or(false);
        let wanted = reader
            .with("OTEL_TRACES_EXPORTER", "otlp or none", |name| match name {
                "otlp" => Some(true),
                "none" => Some(false),
                _ => None,
            })
            .unwrap_or(true);
        let collector = read_collector(reader).filter(|_| wanted && !disabled);
        Self {
            collector,
            sampler: read_sampler(reader),
            propagators: reader
                .with(
                    "OTEL_PROPAGATORS",
                    "tracecontext, baggage and jaeger with commas between them, or none",
                    Propagators::parse,
                )
                .unwrap_or_default(),
            batches: read_batches(reader),
            attributes: reader
                .with(
                    "OTEL_RESOURCE_ATTRIBUTES",
                    "key=value pairs with commas between them, values percent-encoded",
                    pairs::parse,
                )
                .unwrap_or_default(),
            service: reader.text("OTEL_SERVICE_NAME"),
            metrics: read_metrics(reader) && !disabled,
        }
    }

    /// The metrics of one member, which count nothing where that is switched off.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::new(self.metrics)
    }

    /// What holds for everything that a member tells of itself.
    pub(crate) fn resource(&self, identity: Identity<'_>) -> Vec<(String, String)> {
        let resource = resource(self, identity);
        let pair = |(key, value): (&Key, &Value)| (key.to_string(), value.to_string());
        resource.iter().map(pair).collect()
    }

    /// The telemetry of one member; disabled, and nothing built, where no endpoint is set.
    ///
    /// # Errors
    /// Where the exporter cannot be built.
    pub fn start(&self, identity: Identity<'_>) -> Result<Telemetry, StartError> {
        match &self.collector {
            Some(collector) => start(self, collector, identity),
            None => Ok(Telemetry::passing(self.propagators)),
        }
    }
}

fn read_metrics(reader: &mut Reader<'_>) -> bool {
    let expected = "on or off";
    let read = reader.with("BELLHOP_METRICS", expected, |value| match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    });
    read.unwrap_or(true)
}

fn read_collector(reader: &mut Reader<'_>) -> Option<Collector> {
    let own = read_endpoint(reader, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let common = read_endpoint(reader, "OTEL_EXPORTER_OTLP_ENDPOINT");
    let transport = for_traces(reader, "PROTOCOL", read_transport).unwrap_or(Transport::Http);
    let headers = for_traces(reader, "HEADERS", read_headers).unwrap_or_default();
    let timeout = for_traces(reader, "TIMEOUT", millis).unwrap_or(DEFAULT_EXPORT_TIMEOUT);
    let roots = for_traces(reader, "CERTIFICATE", read_roots);
    let endpoint = match (own, common) {
        (Some(own), _) => own.to_string(),
        (None, Some(common)) if transport == Transport::Http => {
            format!("{}/v1/traces", common.to_string().trim_end_matches('/'))
        }
        (None, Some(common)) => common.to_string(),
        (None, None) => return None,
    };
    Some(Collector {
        transport,
        endpoint,
        headers,
        timeout,
        roots,
    })
}

/// A variable of the exporter: that for traces, else that for all signals. Both are checked.
fn for_traces<T>(
    reader: &mut Reader<'_>,
    name: &str,
    read: fn(&mut Reader<'_>, &str) -> Option<T>,
) -> Option<T> {
    let own = read(reader, &format!("OTEL_EXPORTER_OTLP_TRACES_{name}"));
    let common = read(reader, &format!("OTEL_EXPORTER_OTLP_{name}"));
    own.or(common)
}

fn read_endpoint(reader: &mut Reader<'_>, name: &str) -> Option<Uri> {
    reader.with(name, "http://HOST:PORT or https://HOST:PORT", |url| {
        let url: Uri = url.parse().ok()?;
        let known = matches!(url.scheme_str(), Some("http" | "https"));
        let named = url.host().is_some_and(|host| !host.is_empty());
        (known && named && url.query().is_none()).then_some(url)
    })
}

fn read_transport(reader: &mut Reader<'_>, name: &str) -> Option<Transport> {
    reader.with(name, "grpc or http/protobuf", |protocol| match protocol {
        "grpc" => Some(Transport::Grpc),
        "http/protobuf" => Some(Transport::Http),
        _ => None,
    })
}

fn read_headers(reader: &mut Reader<'_>, name: &str) -> Option<HeaderMap> {
    let text = reader.text(name)?;
    let headers = pairs::parse(&text).and_then(|pairs| {
        pairs
            .into_iter()
            .map(|(name, value)| {
                let mut value = HeaderValue::try_from(value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::try_from(name).ok()?, value))
            })
            .collect()
    });
    if headers.is_none() {
        reader.reject_secret(name, "key=value pairs that are valid headers");
    }
    headers
}

fn read_roots(reader: &mut Reader<'_>, name: &str) -> Option<Vec<u8>> {
    reader.with(name, "a readable file of PEM certificates", |path| {
        let pem = std::fs::read(path).ok()?;
        certificates(&pem).is_some().then_some(pem)
    })
}

fn read_sampler(reader: &mut Reader<'_>) -> Sampler {
    let name = reader.with(
        "OTEL_TRACES_SAMPLER",
        "always_on, always_off or traceidratio, each also after parentbased_",
        |name| {
            let root = name.strip_prefix("parentbased_").unwrap_or(name);
            matches!(root, "always_on" | "always_off" | "traceidratio").then(|| name.to_owned())
        },
    );
    let name = name.as_deref().unwrap_or("parentbased_always_on");
    let (root, parent_based) = match name.strip_prefix("parentbased_") {
        Some(root) => (root, true),
        None => (name, false),
    };
    let root = match root {
        "always_off" => Sampler::ALWAYS_OFF,
        "traceidratio" => reader
            .with(
                "OTEL_TRACES_SAMPLER_ARG",
                "a share between 0 and 1",
                |share| Sampler::ratio(share.parse().ok()?),
            )
            .unwrap_or(Sampler::ALWAYS_ON),
        _ => Sampler::ALWAYS_ON,
    };
    if parent_based {
        root.parent_based()
    } else {
        root
    }
}

fn read_batches(reader: &mut Reader<'_>) -> Batches {
    let delay = millis(reader, "OTEL_BSP_SCHEDULE_DELAY").unwrap_or(DEFAULT_SCHEDULE_DELAY);
    let timeout = millis(reader, "OTEL_BSP_EXPORT_TIMEOUT").unwrap_or(DEFAULT_BATCH_TIMEOUT);
    let queue = count(reader, "OTEL_BSP_MAX_QUEUE_SIZE").unwrap_or(DEFAULT_QUEUE);
    let name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    let batch = count(reader, name).unwrap_or(DEFAULT_BATCH.min(queue));
    if batch > queue {
        let expected = format!("at most OTEL_BSP_MAX_QUEUE_SIZE, which is {queue}");
        reader.reject(name, &batch.to_string(), &expected);
    }
    Batches {
        delay,
        timeout,
        queue,
        batch,
    }
}

fn millis(reader: &mut Reader<'_>, name: &str) -> Option<Duration> {
    reader.with(name, "milliseconds, above zero", |value| {
        let millis = value.parse().ok().filter(|millis| *millis > 0)?;
        Some(Duration::from_millis(millis))
    })
}

fn count(reader: &mut Reader<'_>, name: &str) -> Option<usize> {
    reader.with(name, "a number above zero", |value| {
        value.parse().ok().filter(|count| *count > 0)
    })
}

#[cfg(test)]
mod tests;
