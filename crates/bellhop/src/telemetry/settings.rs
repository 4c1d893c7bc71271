//! The standard `OTEL_*` variables.

use std::{sync::Arc, time::Duration};

use opentelemetry::{Key, Value};

use super::{
    collector::Collector,
    export::{StartError, resource, start},
    kept::Kept,
    metrics::{Metrics, push},
    pairs,
    propagation::Propagators,
    sampler::Sampler,
    tracer::Telemetry,
};
use crate::config::Reader;

use self::collector::{Signal, read_collector};

const DEFAULT_BATCH_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_SCHEDULE_DELAY: Duration = Duration::from_secs(5);
const DEFAULT_QUEUE: usize = 2048;
const DEFAULT_BATCH: usize = 512;
const DEFAULT_PUSH_INTERVAL: Duration = Duration::from_secs(60);
const DEFAULT_PUSH_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_KEPT: usize = 200;

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
/// | `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` | the same for metrics alone | |
/// | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` (port 4318 by custom) or `grpc` (4317) | `http/protobuf`, as the standard has it |
/// | `OTEL_EXPORTER_OTLP_HEADERS` | `key=value,…` to send along, a secret | |
/// | `OTEL_EXPORTER_OTLP_TIMEOUT` | for one export with its retries, in milliseconds | 10000 |
/// | `OTEL_EXPORTER_OTLP_CERTIFICATE` | a PEM file of the authorities trusted for `https` | those of the system |
/// | `OTEL_TRACES_SAMPLER` | `always_on`, `always_off`, `traceidratio`, each also after `parentbased_` | `parentbased_always_on` |
/// | `OTEL_TRACES_SAMPLER_ARG` | the share of a `traceidratio`, 0 to 1 | 1 |
/// | `OTEL_METRICS_EXPORTER` | `otlp`, or `none` or `prometheus`: nothing is sent | `otlp` |
/// | `OTEL_METRIC_EXPORT_INTERVAL` | between two exports, in milliseconds | 60000 |
/// | `OTEL_METRIC_EXPORT_TIMEOUT` | the most that one of them may take, in milliseconds | 30000 |
/// | `BELLHOP_METRICS` | `off` counts nothing | `on` |
/// | `BELLHOP_KEEP_TRACES` | of how many traces spans are kept in memory where there is no collector, for the mesh page; `off` keeps none | 200 |
/// | `OTEL_PROPAGATORS` | what is sent with calls: `tracecontext`, `baggage` and `jaeger` (`uber-trace-id`) in a list, or `none`; all of them are understood, but with `none` | `tracecontext,baggage` |
/// | `OTEL_RESOURCE_ATTRIBUTES` | `key=value,…`; wins over the program's own | |
/// | `OTEL_SERVICE_NAME` | wins over everything else | |
/// | `OTEL_BSP_SCHEDULE_DELAY` | between two exports, in milliseconds | 5000 |
/// | `OTEL_BSP_EXPORT_TIMEOUT` | the most that one batch may take, in milliseconds | 30000 |
/// | `OTEL_BSP_MAX_QUEUE_SIZE` | spans that wait; more are dropped | 2048 |
/// | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | spans in one export | 512 |
///
/// `PROTOCOL`, `HEADERS`, `TIMEOUT` and `CERTIFICATE` have variants for traces and for metrics alone, as in
/// `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) collector: Option<Collector>,
    /// Of how many traces spans are kept where there is none; `None` where none are.
    keeps: Option<usize>,
    pub(super) sampler: Sampler,
    pub(super) propagators: Propagators,
    pub(super) batches: Batches,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) service: Option<String>,
    /// Whether anything is counted.
    pub(super) metrics: bool,
    /// How metrics are sent, where they are.
    pub(super) push: Option<push::Settings>,
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
        let collector = read_collector(reader, Signal::Traces);
        let collector = collector.filter(|_| wanted && !disabled);
        let metrics = reader.switch("BELLHOP_METRICS").unwrap_or(true) && !disabled;
        let keeps = read_kept(reader).filter(|_| collector.is_none() && !disabled);
        Self {
            collector,
            keeps,
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
            metrics,
            push: read_push(reader).filter(|_| metrics),
        }
    }

    /// The metrics of one member, which count nothing where that is switched off.
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::new(self.metrics)
    }

    /// How metrics are sent; `None` where they are not.
    pub(crate) fn push(&self) -> Option<&push::Settings> {
        self.push.as_ref()
    }

    /// What holds for everything that a member tells of itself.
    pub(crate) fn resource(&self, identity: Identity<'_>) -> Vec<(String, String)> {
        let resource = resource(self, identity);
        let pair = |(key, value): (&Key, &Value)| (key.to_string(), value.to_string());
        let mut pairs: Vec<_> = resource.iter().map(pair).collect();
        pairs.sort_unstable();
        pairs
    }

    /// The telemetry of one member; disabled, and nothing built, where no endpoint is set.
    ///
    /// # Errors
    /// Where the exporter cannot be built.
    pub fn start(&self, identity: Identity<'_>) -> Result<Telemetry, StartError> {
        self.start_keeping(identity, None)
    }

    /// The same, which keeps some spans there where no endpoint is set.
    pub(crate) fn start_keeping(
        &self,
        identity: Identity<'_>,
        kept: Option<&Arc<Kept>>,
    ) -> Result<Telemetry, StartError> {
        match (&self.collector, kept) {
            (Some(collector), _) => start(self, collector, identity),
            (None, Some(kept)) => Ok(Telemetry::keeping(kept.clone(), self.propagators)),
            (None, None) => Ok(Telemetry::passing(self.propagators)),
        }
    }

    /// Where spans are kept; `None` where they are not.
    pub(crate) fn kept(&self) -> Option<Arc<Kept>> {
        self.keeps.map(Kept::new).map(Arc::new)
    }
}

/// How metrics are sent. Whoever scrapes is served whatever this says.
fn read_push(reader: &mut Reader<'_>) -> Option<push::Settings> {
    let name = "OTEL_METRICS_EXPORTER";
    let wanted = reader.with(name, "otlp, prometheus or none", |name| match name {
        "otlp" => Some(true),
        "prometheus" | "none" => Some(false),
        _ => None,
    });
    let collector = read_collector(reader, Signal::Metrics);
    let interval = millis(reader, "OTEL_METRIC_EXPORT_INTERVAL");
    let timeout = millis(reader, "OTEL_METRIC_EXPORT_TIMEOUT");
    let collector = collector.filter(|_| wanted.unwrap_or(true))?;
    Some(push::Settings {
        timeout: timeout
            .unwrap_or(DEFAULT_PUSH_TIMEOUT)
            .min(collector.timeout),
        collector,
        interval: interval.unwrap_or(DEFAULT_PUSH_INTERVAL),
    })
}

fn read_kept(reader: &mut Reader<'_>) -> Option<usize> {
    const NAME: &str = "BELLHOP_KEEP_TRACES";
    reader.or_off(NAME, Some(DEFAULT_KEPT), |reader| count(reader, NAME))
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

mod collector;
#[cfg(test)]
mod tests;
