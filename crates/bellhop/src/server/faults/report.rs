//! What is in force, as it is told.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Faults;

/// The faults of a member that are in force; all of it is nothing where none are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FaultReport {
    /// How much later its answers are than they could be.
    pub latency_ms: u64,
    /// The part of its calls that fail.
    pub errors: f64,
    /// Whether it holds its answers.
    pub paused: bool,
    /// After how many seconds that ends by itself.
    pub seconds: u64,
}

impl FaultReport {
    /// Of now.
    pub(crate) fn of(faults: &Faults) -> Self {
        let now = Instant::now();
        let Some(fault) = faults.standing(now) else {
            return Self::default();
        };
        Self {
            latency_ms: u64::try_from(fault.wish.latency.as_millis()).unwrap_or(u64::MAX),
            errors: fault.wish.errors,
            paused: fault.wish.paused,
            // The last second counts.
            seconds: (fault.until - now).as_secs() + 1,
        }
    }
}
