//! Tells the log of requests that fail through no fault of their own.

use std::sync::Arc;

use axum::http::StatusCode;
use bellhop::outage::Outage;
use tokio::time::Instant;

/// What answers say that are a server's fault.
const STATUSES: [StatusCode; 3] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

/// Tells of the first failure of a kind with its cause, each minute of how many there were since, and of the end.
#[derive(Clone, Debug, Default)]
pub struct Failures(Arc<[Outage; STATUSES.len()]>);

impl Failures {
    /// A request has failed.
    pub(crate) fn failed(&self, status: StatusCode, cause: &str) {
        let known = STATUSES.iter().position(|known| *known == status);
        let outage = &self.0[known.unwrap_or(0)];
        let status = status.as_u16();
        match outage.failed_again(Instant::now()) {
            Some(1) => tracing::warn!(status, "{cause}"),
            Some(failures) => {
                tracing::warn!(status, failures, "requests fail, the last one: {cause}")
            }
            None => tracing::debug!(status, "{cause}"),
        }
    }

    /// A request was answered.
    pub(crate) fn answered(&self) {
        for (outage, status) in self.0.iter().zip(STATUSES) {
            if !outage.is_running() {
                continue;
            }
            if let Some(over) = outage.went_well(Instant::now()) {
                let (failures, lasted, status) = (over.failures, over.lasted, status.as_u16());
                tracing::info!(status, failures, ?lasted, "requests fail no more");
            }
        }
    }
}
