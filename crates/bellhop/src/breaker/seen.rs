//! A breaker as it is seen from outside.

use serde::Serialize;

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakerState {
    /// There is none.
    #[default]
    Off,
    /// Calls pass.
    Closed,
    /// No call passes.
    Open,
    /// One probe is on its way.
    HalfOpen,
}
