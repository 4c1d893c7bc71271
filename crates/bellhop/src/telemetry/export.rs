//! The way of a span out of the process.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig,
    WithTonicConfig, tonic_types::metadata::MetadataMap,
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    resource::TelemetryResourceDetector,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
        SpanProcessor,
    },
};
use opentelemetry_semantic_conventions::attribute::{
    SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION,
};
use tokio::runtime::{Builder, Runtime};

use super::{
    processor::Shared,
    settings::{Identity, Settings, Transport},
    tracer::Telemetry,
};

/// Telemetry cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The exporter's own runtime cannot be made.
    #[error("no runtime for the export of spans")]
    Runtime(#[from] io::Error),
    /// The exporter refuses what it was given.
    #[error("no exporter to {endpoint}")]
    Exporter {
        /// The collector.
        endpoint: String,
        /// The exporter's own words.
        source: ExporterBuildError,
    },
}

/// Where spans go.
#[derive(Clone, Debug)]
pub(super) struct Exporter {
    pub(super) transport: Transport,
    pub(super) endpoint: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) timeout: Duration,
}

/// Builds everything for one member.
pub(super) fn start(
    settings: &Settings,
    exporter: &Exporter,
    identity: Identity<'_>,
) -> Result<Telemetry, StartError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let otlp = {
        let _entered = runtime.enter();
        exporter.build().map_err(|source| StartError::Exporter {
            endpoint: exporter.endpoint.clone(),
            source,
        })?
    };
    let background = Background {
        runtime: Some(runtime),
        otlp,
        endpoint: exporter.endpoint.clone(),
        timeout: settings.batches.timeout,
        lost: AtomicU64::new(0),
    };
    let resource = resource(settings, identity);
    let batches = BatchConfigBuilder::default()
        .with_scheduled_delay(settings.batches.delay)
        .with_max_queue_size(settings.batches.queue)
        .with_max_export_batch_size(settings.batches.batch)
        .build();
    let mut processor = BatchSpanProcessor::new(background, batches);
    processor.set_resource(&resource);
    let processor = Arc::new(processor);
    let provider = SdkTracerProvider::builder()
        .with_sampler(settings.sampler)
        .with_resource(resource)
        .with_span_processor(Shared(processor.clone()))
        .build();
    Ok(Telemetry::new(settings.sampler, processor, provider))
}

/// Later words win: the program's, the operator's attributes, the operator's name.
fn resource(settings: &Settings, identity: Identity<'_>) -> Resource {
    let program = [
        KeyValue::new(SERVICE_NAME, identity.service.to_owned()),
        KeyValue::new(SERVICE_INSTANCE_ID, identity.instance.to_owned()),
        KeyValue::new(SERVICE_VERSION, identity.version.to_owned()),
    ];
    let operator = settings.attributes.iter().cloned();
    let name = settings.service.clone();
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(program)
        .with_attributes(operator.map(|(key, value)| KeyValue::new(key, value)))
        .with_attributes(name.map(|name| KeyValue::new(SERVICE_NAME, name)))
        .build()
}

impl Exporter {
    fn build(&self) -> Result<Otlp, ExporterBuildError> {
        match self.transport {
            Transport::Grpc => {
                let headers: HeaderMap = self.headers.iter().cloned().collect();
                Otlp::builder()
                    .with_tonic()
                    .with_endpoint(&self.endpoint)
                    .with_timeout(self.timeout)
                    .with_metadata(MetadataMap::from_headers(headers))
                    .build()
            }
            Transport::Http => {
                let headers: HashMap<_, _> = self
                    .headers
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.to_string(), value.to_str().ok()?.to_owned()))
                    })
                    .collect();
                Otlp::builder()
                    .with_http()
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(&self.endpoint)
                    .with_timeout(self.timeout)
                    .with_headers(headers)
                    .build()
            }
        }
    }
}

/// The exporter with a runtime of its own, driven by the processor's thread while it exports.
///
/// The connections of both protocols need a tokio runtime, which the processor's thread does not have; those of the
/// members come and go, and would do the work of the export on the cores that serve.
#[derive(Debug)]
struct Background {
    // None only while it is dropped.
    runtime: Option<Runtime>,
    otlp: Otlp,
    endpoint: String,
    timeout: Duration,
    /// Spans lost since the last success: one warning at the first, one line at the end, silence between.
    lost: AtomicU64,
}

impl SpanExporter for Background {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let Some(runtime) = &self.runtime else {
            return Err(OTelSdkError::AlreadyShutdown);
        };
        let spans = batch.len() as u64;
        let result = runtime.block_on(async {
            tokio::time::timeout(self.timeout, self.otlp.export(batch))
                .await
                .unwrap_or(Err(OTelSdkError::Timeout(self.timeout)))
        });
        self.report(spans, &result);
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

impl Background {
    fn report(&self, spans: u64, result: &OTelSdkResult) {
        match result {
            Ok(()) => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    tracing::info!(endpoint = self.endpoint, lost, "spans are exported again");
                }
            }
            Err(error) => {
                if self.lost.fetch_add(spans, Ordering::Relaxed) == 0 {
                    tracing::warn!(
                        endpoint = self.endpoint,
                        %error,
                        "spans cannot be exported; they are dropped, quietly from here on"
                    );
                }
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A plain drop would wait for a name lookup that hangs.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
