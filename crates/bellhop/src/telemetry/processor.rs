//! One batch processor for hop spans and for those of the application.

use std::{sync::Arc, time::Duration};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor},
};

/// The processor as a tracer provider of the SDK sees it.
///
/// It does not shut down what it shares. A provider shuts its processors down when it is dropped, which would block a
/// thread of the application for seconds where the collector does not answer.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<BatchSpanProcessor>);

impl SpanProcessor for Shared {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
