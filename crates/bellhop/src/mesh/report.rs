//! How a member is, for whoever looks after it.

use std::net::SocketAddr;

use serde::Serialize;

use super::{Mesh, Phase};
use crate::{
    registration::State,
    server::{Activities, FaultReport},
    telemetry::metrics::ServedCounts,
    upstream,
};

/// How a member is: who, how far it has come, and how those are whom it calls.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MemberReport {
    /// Its name in the registry.
    pub service: String,
    /// Its id in the registry, once it serves.
    pub instance: Option<String>,
    /// Its version, where it says one.
    pub version: Option<String>,
    /// Where callers find it.
    pub address: Option<String>,
    /// Where its admin endpoint listens.
    pub admin: Option<SocketAddr>,
    /// How far it has come.
    pub state: Phase,
    /// Whether it says of itself that it serves.
    pub well: bool,
    /// Where its registration stands.
    pub registration: RegistrationReport,
    /// The calls and requests that it served.
    pub served: ServedReport,
    /// The faults that are in force, where it allows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<FaultReport>,
    /// Those whom it calls, by name.
    pub upstreams: Vec<upstream::UpstreamReport>,
}

/// Where a registration stands.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RegistrationReport {
    /// `none`, `registering`, `registered`, `missing`, `unknown` where the registry does not say, or `deregistered`.
    pub state: &'static str,
    /// What the registry last refused or failed.
    pub error: Option<String>,
}

/// Calls and requests that came in; those that only ask after health are none.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ServedReport {
    /// All.
    pub begun: u64,
    /// Those that are being answered.
    pub in_flight: usize,
    /// Those that ended with an error, as metrics have it; none where there are no metrics.
    pub failed: u64,
    /// Those that are over by how long they took, in the buckets of the metrics; the last is for what is above all bounds.
    pub took: Vec<u64>,
}

impl Mesh {
    /// How this member is, and how those are whom it calls.
    pub fn report(&self) -> MemberReport {
        let life = self.life();
        let version = &self.member.settings.registration.version;
        MemberReport {
            service: self.service().to_owned(),
            instance: life.place.as_ref().map(|place| place.id.clone()),
            version: version.clone(),
            address: life.place.as_ref().map(|place| place.address.to_string()),
            admin: life.admin,
            state: life.phase,
            well: life.is_well(),
            registration: match &life.registration {
                Some(state) => RegistrationReport::of(&state.borrow()),
                None => RegistrationReport::default(),
            },
            served: ServedReport::of(&life.activity, self.metrics().snapshot().served()),
            faults: self.faults().map(FaultReport::of),
            upstreams: self.upstreams(),
        }
    }

    fn upstreams(&self) -> Vec<upstream::UpstreamReport> {
        let upstreams: Vec<_> = self.called().upstreams.values().cloned().collect();
        let mut reports: Vec<_> = upstreams
            .iter()
            .map(|upstream| upstream.details())
            .collect();
        reports.sort_by(|one, other| one.service.cmp(&other.service));
        reports
    }
}

impl ServedReport {
    fn of(activity: &Activities, ended: ServedCounts) -> Self {
        Self {
            begun: activity.begun(),
            in_flight: activity.in_flight(),
            failed: ended.failed,
            took: ended.took.to_vec(),
        }
    }
}

impl RegistrationReport {
    fn of(state: &State) -> Self {
        let (state, error) = match state {
            State::Registering => ("registering", None),
            State::Registered => ("registered", None),
            State::Lost {
                error,
                known: false,
            } => ("registering", Some(error)),
            State::Lost { error, .. } if error.is_not_found() => ("missing", Some(error)),
            State::Lost { error, .. } => ("unknown", Some(error)),
            State::Deregistered => ("deregistered", None),
        };
        Self {
            state,
            error: error.map(ToString::to_string),
        }
    }
}

impl Default for RegistrationReport {
    fn default() -> Self {
        Self {
            state: "none",
            error: None,
        }
    }
}
