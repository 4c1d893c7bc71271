//! Tells of answers that are less than whole.

use std::sync::Arc;

use axum::response::Response;
use bellhop::{outage::Outage, server::SpanEvent};
use tokio::time::Instant;

/// What the span of such a request says.
const EVENT: SpanEvent = SpanEvent("degraded");

/// Tells the trace of each degraded answer, and the log of the first, each minute of how many there were, and of the end.
#[derive(Clone, Debug)]
pub(crate) struct Teller(pub(crate) Arc<Outage>);

impl Teller {
    /// Tells of an answer that these services have failed for.
    pub(crate) fn tell(&self, degraded: &[String], mut response: Response) -> Response {
        if degraded.is_empty() {
            if self.0.is_running()
                && let Some(over) = self.0.went_well(Instant::now())
            {
                let (answers, lasted) = (over.failures, over.lasted);
                tracing::info!(answers, ?lasted, "answers are whole again");
            }
            return response;
        }
        match self.0.failed_again(Instant::now()) {
            Some(1) => tracing::warn!(?degraded, "answers are degraded: these services fail"),
            Some(answers) => tracing::warn!(answers, ?degraded, "answers are still degraded"),
            None => {}
        }
        response.extensions_mut().insert(EVENT);
        response
    }
}
