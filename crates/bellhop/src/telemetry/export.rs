//! The way of a span out of the process.

use std::{io, sync::Arc};

use http::uri::InvalidUri;
use opentelemetry::KeyValue;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::{
    Resource,
    resource::TelemetryResourceDetector,
    trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider},
};
use opentelemetry_semantic_conventions::attribute::{
    SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION,
};

use super::{
    background::Background,
    collector::Collector,
    processor::Shared,
    queue::{Losses, Queue},
    settings::{Identity, Settings},
    tracer::Telemetry,
};

/// Telemetry cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The exporter's own runtime cannot be made.
    #[error("no runtime for the export of spans")]
    Runtime(#[from] io::Error),
    /// The certificates that collectors are trusted by cannot be used.
    #[error("no trusted certificates for the collector")]
    Roots(#[from] rustls::Error),
    /// The collector's address is none.
    #[error("{endpoint} is no address")]
    Endpoint {
        /// The collector.
        endpoint: String,
        /// What is wrong with it.
        source: InvalidUri,
    },
    /// The exporter refuses what it was given.
    #[error("no exporter to {endpoint}")]
    Exporter {
        /// The collector.
        endpoint: String,
        /// The exporter's own words.
        source: ExporterBuildError,
    },
}

/// Builds everything for one member.
pub(super) fn start(
    settings: &Settings,
    collector: &Collector,
    identity: Identity<'_>,
) -> Result<Telemetry, StartError> {
    let losses = Arc::<Losses>::default();
    let background = Background::new(collector, settings.batches.timeout, losses.clone())?;
    let resource = resource(settings, identity);
    let batches = BatchConfigBuilder::default()
        .with_scheduled_delay(settings.batches.delay)
        .with_max_queue_size(settings.batches.queue)
        .with_max_export_batch_size(settings.batches.batch)
        .build();
    let processor = BatchSpanProcessor::new(background, batches);
    let mut queue = Queue::new(processor, settings.batches.queue, losses);
    queue.set_resource(&resource);
    let queue = Arc::new(queue);
    let provider = SdkTracerProvider::builder()
        .with_sampler(settings.sampler)
        .with_resource(resource)
        .with_span_processor(Shared(queue.clone()))
        .build();
    let propagators = settings.propagators;
    Ok(Telemetry::new(
        settings.sampler,
        queue,
        provider,
        propagators,
    ))
}

/// Later words win: the program's, the operator's attributes, the operator's name.
pub(super) fn resource(settings: &Settings, identity: Identity<'_>) -> Resource {
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
