//! What is shown.

use serde::Serialize;

use super::flags::Kind;
use crate::{consul::HealthState, server::FaultReport};

/// The mesh at one moment, as its registry and its members see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Picture {
    /// When, as RFC 3339 has it.
    pub(super) at: String,
    /// Why the registry does not answer, where it does not.
    pub(super) registry: Option<String>,
    pub(super) services: Vec<Service>,
    pub(super) edges: Vec<Edge>,
    pub(super) disagreements: Vec<Flag>,
}

/// A service and its instances, by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) instances: Vec<Instance>,
}

/// An instance, of which each thing is as good as unknown where it is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Instance {
    pub(super) id: String,
    pub(super) address: Option<String>,
    pub(super) version: Option<String>,
    pub(super) zone: Option<String>,
    pub(super) state: State,
    /// Why it is in that state, where somebody has said so.
    pub(super) why: Option<String>,
    /// What the registry finds; `None` where it does not list it.
    pub(super) registry: Option<HealthState>,
    /// How old its own view is, in milliseconds.
    pub(super) seen_ms: Option<u64>,
    /// Why its own view is not seen from here.
    pub(super) unseen: Option<String>,
    /// Requests in a second, of late.
    pub(super) rate: Option<f64>,
    /// The part of them that failed.
    pub(super) errors: Option<f64>,
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
    /// Its part of the turns that its callers give.
    pub(super) share: Option<f64>,
    /// The faults that are in force, where it allows them to be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) faults: Option<FaultReport>,
}

/// How an instance is, the worst that anybody knows of it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Registered and well, and nobody says otherwise.
    Passing,
    /// New to a caller, which gives it some of its turns.
    Warming,
    /// The registry does not list it, and callers keep it while it answers.
    Kept,
    /// A breaker tries whether it is well again.
    HalfOpen,
    /// A breaker keeps calls from it.
    BreakerOpen,
    /// A caller is not connected to it.
    Connecting,
    /// The registry finds it critical.
    Critical,
    /// It leaves.
    Draining,
}

/// Calls of one service to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    /// Calls in a second, of late.
    pub(super) rate: Option<f64>,
    /// The part of them that failed.
    pub(super) errors: Option<f64>,
}

/// A disagreement that has held for a while.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Flag {
    pub(super) kind: Kind,
    pub(super) service: String,
    pub(super) instance: String,
    pub(super) member: String,
    pub(super) text: String,
    pub(super) seconds: u64,
}
