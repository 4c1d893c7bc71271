//! What search does without rate.

use std::{sync::Arc, time::Duration};

use bellhop::{context::Scope, outage::Outage, server::SpanEvent};
use tokio::time::Instant;
use tonic::{Code, Status};

/// The service that search can do without, as the answer names it.
pub(crate) const RATE: &str = "rate";

/// What the span of such a call says.
pub(crate) const EVENT: SpanEvent = SpanEvent("degraded");

/// How long rate may take where the answer can do without it: three fifths of the time that is left. The rest is for telling
/// the caller so, and for what the caller has still to do.
pub(crate) fn patience(now: Instant) -> Option<Duration> {
    let left = Scope::deadline()?.saturating_duration_since(now);
    Some(left * 3 / 5)
}

/// Whether a failure of rate is that of a question, which no other answer would be right to.
pub(crate) fn is_callers_fault(status: &Status) -> bool {
    matches!(status.code(), Code::InvalidArgument | Code::OutOfRange)
}

/// Tells the log when rate begins to fail, each minute how often it did, and when it answers again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Teller(Arc<Outage>);

impl Teller {
    pub(crate) fn failed(&self, status: &Status) {
        let (code, error) = (status.code(), status.message());
        match self.0.failed_again(Instant::now()) {
            Some(1) => tracing::warn!(
                service = RATE,
                ?code,
                error,
                "rate fails, hotels are answered without prices"
            ),
            Some(failures) => {
                tracing::warn!(service = RATE, failures, ?code, error, "rate still fails");
            }
            None => {}
        }
    }

    pub(crate) fn answered(&self) {
        if self.0.is_running()
            && let Some(over) = self.0.went_well(Instant::now())
        {
            let (failures, lasted) = (over.failures, over.lasted);
            tracing::info!(service = RATE, failures, ?lasted, "rate answers again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rate_never_gets_all_of_the_time() {
        let now = Instant::now();
        assert_eq!(patience(now), None, "nobody waits for a known time");
        let within = |left| Scope {
            deadline: Some(now + left),
            ..Scope::default()
        };
        let five = within(Duration::from_secs(5)).enter(async { patience(now) });
        assert_eq!(five.await, Some(Duration::from_secs(3)));
        let late = now + Duration::from_secs(9);
        let none = within(Duration::from_secs(5)).enter(async { patience(late) });
        assert_eq!(none.await, Some(Duration::ZERO));
    }
}
