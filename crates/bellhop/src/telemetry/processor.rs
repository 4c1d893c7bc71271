//! One batch processor for hop spans and for those of the application.

use std::{sync::Arc, time::Duration};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};

use super::queue::Queue;

/// The processor as a tracer provider of the SDK sees it.
///
/// It does not shut down what it shares. A provider shuts its processors down when it is dropped, which would block a
/// thread of the application for seconds where the collector does not answer.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Queue>);

impl SpanProcessor for Shared {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.0.push(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.flush()
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
