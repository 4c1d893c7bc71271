//! What a member says of itself, as far as the picture needs it. Another version may say less.

use serde::Deserialize;

use crate::server::FaultReport;

/// A member's own view, `/mesh` of its admin endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct View {
    pub(super) instance: Option<String>,
    pub(super) state: String,
    pub(super) registration: Registration,
    pub(super) served: Served,
    pub(super) upstreams: Vec<Upstream>,
    pub(super) faults: Option<FaultReport>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Registration {
    pub(super) state: String,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Served {
    pub(super) begun: u64,
    pub(super) failed: u64,
    pub(super) took: Vec<u64>,
}

/// A service that it calls.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Upstream {
    pub(super) service: String,
    /// So many more are left to other callers.
    pub(super) left_out: u64,
    pub(super) instances: Vec<Callee>,
}

/// An instance of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Callee {
    pub(super) id: String,
    pub(super) address: Option<String>,
    pub(super) state: String,
    pub(super) weight: Option<u32>,
    /// In tenths.
    pub(super) share: u32,
    pub(super) breaker: String,
    pub(super) out_of_turn: Option<String>,
    pub(super) connect_error: Option<String>,
    pub(super) calls: Calls,
    pub(super) latency: Option<Latency>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Calls {
    pub(super) begun: u64,
    pub(super) failed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Latency {
    pub(super) calls: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

impl Default for Callee {
    fn default() -> Self {
        Self {
            id: String::new(),
            address: None,
            state: String::new(),
            weight: None,
            share: crate::balance::WHOLE,
            breaker: String::new(),
            out_of_turn: None,
            connect_error: None,
            calls: Calls::default(),
            latency: None,
        }
    }
}

impl Callee {
    /// Whether calls go to it.
    pub(super) fn has_turns(&self) -> bool {
        self.state == "connected" && self.out_of_turn.is_none()
    }

    /// Its part of the turns, to be compared with those of the others of its service.
    pub(super) fn turns(&self) -> f64 {
        let whole = f64::from(self.weight.unwrap_or(1) * self.share);
        if self.has_turns() { whole } else { 0.0 }
    }
}
