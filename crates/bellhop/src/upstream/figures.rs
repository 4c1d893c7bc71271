//! What is measured of a service that is called.

use opentelemetry_semantic_conventions::attribute::SERVER_ADDRESS;
use tokio::time::Instant;

use super::{Upstream, state::State};
use crate::{
    breaker::BreakerState,
    discovery::InstanceId,
    endpoint::Standing,
    telemetry::metrics::{
        Attributes, BREAKER_OPEN, BREAKER_STATE, BREAKERS, DISCOVERY_AGE, DISCOVERY_ERRORS,
        ENDPOINT_STATE, ENDPOINTS, INSTANCE, RETRY_BUDGET, SPLIT_SERVING, SPLIT_SHARE, Snapshot,
        Source, VERSION,
    },
};

impl Source for Upstream {
    fn collect(&self, into: &mut Snapshot) {
        let standings = self.group.standings();
        self.endpoints(&standings, into);
        self.breakers(&standings, into);
        self.split(&standings, into);
        let now = Instant::now();
        if let Some(budget) = self.budget.get() {
            into.number(&RETRY_BUDGET, self.with([]), budget.left(now) as f64);
        }
        let state = self.state();
        let confirmed = state.word().confirmed().unwrap_or(self.begun);
        let age = now.saturating_duration_since(confirmed);
        let failures = state.word().failures() as f64;
        into.number(&DISCOVERY_AGE, self.with([]), age.as_secs_f64());
        into.number(&DISCOVERY_ERRORS, self.with([]), failures);
    }
}

impl Upstream {
    fn endpoints(&self, standings: &[Standing], into: &mut Snapshot) {
        let state = self.state();
        let left_out = ("left_out", state.word().notes().left_out as f64);
        for (name, count) in endpoints(&state, standings).into_iter().chain([left_out]) {
            into.number(&ENDPOINTS, self.with([(ENDPOINT_STATE, name)]), count);
        }
    }

    fn breakers(&self, standings: &[Standing], into: &mut Snapshot) {
        let [mut closed, mut open, mut half_open] = [0.0; 3];
        for standing in standings {
            match standing.breaker {
                BreakerState::Off => continue,
                BreakerState::Closed => closed += 1.0,
                BreakerState::Open => open += 1.0,
                BreakerState::HalfOpen => half_open += 1.0,
            }
            let is_open = f64::from(u8::from(standing.breaker != BreakerState::Closed));
            let id = standing.id.as_str();
            into.number(&BREAKER_OPEN, self.with([(INSTANCE, id)]), is_open);
        }
        for (name, count) in [("closed", closed), ("open", open), ("half_open", half_open)] {
            into.number(&BREAKERS, self.with([(BREAKER_STATE, name)]), count);
        }
    }

    fn split(&self, standings: &[Standing], into: &mut Snapshot) {
        let state = self.state();
        let steering = self.steering();
        if !steering.is_split() {
            return;
        }
        let versions = steering.versions(&state, standings);
        let all: u32 = versions.iter().map(|version| version.share).sum();
        for version in versions {
            let with = || self.with([(VERSION, &*version.version)]);
            let share = f64::from(version.share) / f64::from(all);
            into.number(&SPLIT_SHARE, with(), share);
            let serving = f64::from(u8::from(version.serving));
            into.number(&SPLIT_SERVING, with(), serving);
        }
    }

    /// Attributes, with the service's name among them.
    fn with<'a>(&'a self, more: impl IntoIterator<Item = (&'static str, &'a str)>) -> Attributes {
        let own = (SERVER_ADDRESS, &*self.service);
        let all = [own].into_iter().chain(more);
        all.map(|(name, value)| (name, value.to_owned().into()))
            .collect()
    }
}

/// How many instances stand how.
pub(super) fn endpoints(state: &State, standings: &[Standing]) -> [(&'static str, f64); 4] {
    let is =
        |id: &InstanceId, is: fn(&Standing) -> bool| Standing::of(standings, id).is_some_and(is);
    let unknown = state.critical().iter().filter(|id| !state.knows(id));
    let [mut kept, mut there, mut connecting, mut critical] =
        [0.0, 0.0, 0.0, unknown.count() as f64];
    for (id, is_kept) in state.known() {
        match (is_kept, is(id, |standing| standing.connections > 0)) {
            _ if is(id, |standing| standing.benched) => critical += 1.0,
            (true, true) => kept += 1.0,
            (false, true) => there += 1.0,
            (_, false) => connecting += 1.0,
        }
    }
    [
        ("connected", there),
        ("connecting", connecting),
        ("critical", critical),
        ("kept", kept),
    ]
}
