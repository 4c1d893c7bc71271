//! Makes one picture out of what the registry and the members say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use tokio::time::Instant;

use super::{
    flags::Flags,
    known::{Known, Member},
    picture::{Edge, Flag, Instance, Picture, Service, State},
    rates::{Count, Rate, Rates},
    told::{Callee, View},
};
use crate::{
    consul::{Health, HealthState},
    registration::VERSION,
};

/// What is counted: an instance that is called, and by whom; by nobody where it counts what it serves.
type Counted = (Option<String>, String);

/// Joins what is said now with what was said before.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    rates: Rates<Counted>,
    flags: Flags,
}

impl Joiner {
    /// Notes what a member has counted up to `at`.
    pub(super) fn heard(&mut self, at: Instant, id: &str, view: &View) {
        let served = Count {
            begun: view.served.begun,
            failed: view.served.failed,
            took: view.served.took.clone(),
        };
        self.rates.note(at, (None, id.to_owned()), served);
        for callee in view.upstreams.iter().flat_map(|one| &one.instances) {
            let count = Count {
                begun: callee.calls.begun,
                failed: callee.calls.failed,
                took: Vec::new(),
            };
            let key = (Some(id.to_owned()), callee.id.clone());
            self.rates.note(at, key, count);
        }
    }

    /// The picture of now.
    pub(super) fn picture(&mut self, now: Instant, wall: SystemTime, known: &Known) -> Picture {
        self.rates.forget(now);
        let held = self.flags.judge(now, known.disagreements(now));
        let disagreements = held.into_iter().map(|(one, held)| Flag {
            kind: one.kind,
            text: one.text(),
            service: one.service,
            instance: one.instance,
            member: one.member,
            seconds: held.as_secs(),
        });
        let services = known.listed.keys();
        Picture {
            at: humantime::format_rfc3339_millis(wall).to_string(),
            registry: known.listed.values().find_map(|one| one.error.clone()),
            services: services
                .map(|name| self.service(now, known, name))
                .collect(),
            edges: self.edges(now, known),
            disagreements: disagreements.collect(),
        }
    }

    fn service(&self, now: Instant, known: &Known, name: &str) -> Service {
        let ids = there(now, known, name).into_iter();
        Service {
            name: name.to_owned(),
            instances: ids.map(|id| self.instance(now, known, name, id)).collect(),
        }
    }

    fn instance(&self, now: Instant, known: &Known, service: &str, id: &str) -> Instance {
        let health = known.listed.get(service).and_then(|listed| listed.get(id));
        let member = known.members.get(id);
        let callers: Vec<_> = known.callers(now, service, id).collect();
        let (state, why) = state(
            health,
            member.and_then(|member| member.fresh(now)),
            &callers,
        );
        let rate = self.called(now, id, &callers);
        let served = self.rates.rate(now, &(None, id.to_owned()));
        let (p50, p99) = latency(&callers);
        let told = rate.as_ref().or(served.as_ref());
        let meta = |name: &str| health.and_then(|health| health.service.meta.get(name).cloned());
        Instance {
            id: id.to_owned(),
            address: address(health, &callers),
            version: meta(VERSION),
            zone: meta("zone"),
            state,
            why,
            registry: health.map(Health::state),
            seen_ms: member.and_then(|member| seen(now, member)),
            unseen: member.and_then(|member| member.unseen.clone()),
            rate: told.map(|rate| rate.per_second),
            errors: told.and_then(Rate::errors),
            p50_ms: p50.or_else(|| served.as_ref()?.quantile_ms(0.5)),
            p99_ms: p99.or_else(|| served.as_ref()?.quantile_ms(0.99)),
            share: share(now, known, service, id),
            faults: member.and_then(|member| member.fresh(now)?.faults),
        }
    }

    /// How often it is called, by all of its callers together; `None` where nobody is known to.
    fn called(&self, now: Instant, id: &str, callers: &[(&str, &Callee)]) -> Option<Rate> {
        let keys = callers
            .iter()
            .map(|(caller, _)| (Some((*caller).to_owned()), id.to_owned()));
        sum(keys.filter_map(|key| self.rates.rate(now, &key)))
    }

    fn edges(&self, now: Instant, known: &Known) -> Vec<Edge> {
        let mut edges = BTreeMap::<_, Vec<Rate>>::new();
        for (caller, from, upstream) in known.upstreams(now) {
            let rates = edges.entry((from, &*upstream.service)).or_default();
            for callee in &upstream.instances {
                let key = (Some(caller.to_owned()), callee.id.clone());
                rates.extend(self.rates.rate(now, &key));
            }
        }
        let edges = edges.into_iter().map(|((from, to), rates)| {
            let rate = sum(rates.into_iter());
            Edge {
                from: from.to_owned(),
                to: to.to_owned(),
                rate: rate.as_ref().map(|rate| rate.per_second),
                errors: rate.as_ref().and_then(Rate::errors),
            }
        });
        edges.collect()
    }
}

/// Those who are shown of a service: whom the registry lists, who says of itself that it is there, and whom callers still have.
fn there<'k>(now: Instant, known: &'k Known, service: &'k str) -> BTreeSet<&'k str> {
    let listed = known
        .listed
        .get(service)
        .and_then(|listed| listed.instances.as_ref());
    let listed = listed.into_iter().flat_map(|listed| listed.keys());
    let own = known.members.iter().filter(|(_, member)| {
        member.service == service && member.unseen.is_none() && member.fresh(now).is_some()
    });
    let upstreams = known
        .upstreams(now)
        .filter(|(_, _, upstream)| upstream.service == service);
    let called = upstreams.flat_map(|(_, _, upstream)| &upstream.instances);
    let called = called.filter(|callee| callee.state == "connected");
    listed
        .map(String::as_str)
        .chain(own.map(|(id, _)| &**id))
        .chain(called.map(|callee| &*callee.id))
        .collect()
}

/// The worst that anybody knows of an instance, and what was said of it.
fn state(
    health: Option<&Health>,
    own: Option<&View>,
    callers: &[(&str, &Callee)],
) -> (State, Option<String>) {
    let mut states = Vec::new();
    if own.is_some_and(|view| view.state == "draining") {
        states.push((State::Draining, None));
    }
    match health.map(Health::state) {
        None => states.push((
            State::Kept,
            Some("the registry does not list it".to_owned()),
        )),
        Some(HealthState::Critical) => {
            states.push((
                State::Critical,
                Some("the registry finds it critical".to_owned()),
            ));
        }
        Some(_) => {}
    }
    states.extend(callers.iter().filter_map(|(caller, callee)| {
        let state = seen_as(callee)?;
        let why = match &callee.connect_error {
            Some(error) => format!("{caller}: {error}"),
            None => format!("as {caller} sees it"),
        };
        Some((state, Some(why)))
    }));
    let worst = states.into_iter().max_by_key(|(state, _)| *state);
    worst.unwrap_or((State::Passing, None))
}

/// How a caller sees an instance, where that is worse than passing.
fn seen_as(callee: &Callee) -> Option<State> {
    match (&*callee.state, &*callee.breaker) {
        ("connecting", _) => Some(State::Connecting),
        ("draining", _) => Some(State::Draining),
        (_, "open") => Some(State::BreakerOpen),
        (_, "half_open") => Some(State::HalfOpen),
        ("connected", _) if callee.share < crate::balance::WHOLE => Some(State::Warming),
        _ => None,
    }
}

fn address(health: Option<&Health>, callers: &[(&str, &Callee)]) -> Option<String> {
    let listed = health.and_then(|health| Some((health.host(), health.service.port?)));
    let listed = listed.map(|(host, port)| match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    });
    listed.or_else(|| {
        callers
            .iter()
            .find_map(|(_, callee)| callee.address.clone())
    })
}

fn seen(now: Instant, member: &Member) -> Option<u64> {
    let (at, _) = member.view.as_ref()?;
    let age = now.saturating_duration_since(*at).as_millis();
    Some(u64::try_from(age).unwrap_or(u64::MAX))
}

/// The middle of its callers' medians by how much they called, and the worst of their tails.
fn latency(callers: &[(&str, &Callee)]) -> (Option<f64>, Option<f64>) {
    let told = callers.iter().filter_map(|(_, callee)| callee.latency);
    let told: Vec<_> = told.filter(|latency| latency.calls > 0).collect();
    let calls: u64 = told.iter().map(|latency| latency.calls).sum();
    let weighted = told
        .iter()
        .map(|latency| latency.p50_ms * latency.calls as f64);
    let p50 = (calls > 0).then(|| weighted.sum::<f64>() / calls as f64);
    let p99 = told.iter().map(|latency| latency.p99_ms).reduce(f64::max);
    (p50, p99)
}

/// What part of the turns of its callers it has, each caller counting the same; `None` where nobody calls the service.
fn share(now: Instant, known: &Known, service: &str, id: &str) -> Option<f64> {
    let upstreams = known
        .upstreams(now)
        .filter(|(_, _, upstream)| upstream.service == service);
    let parts: Vec<f64> = upstreams
        .filter_map(|(_, _, upstream)| {
            let all: f64 = upstream.instances.iter().map(Callee::turns).sum();
            let own = upstream.instances.iter().filter(|callee| callee.id == id);
            (all > 0.0).then(|| own.map(Callee::turns).sum::<f64>() / all)
        })
        .collect();
    (!parts.is_empty()).then(|| parts.iter().sum::<f64>() / parts.len() as f64)
}

fn sum(rates: impl Iterator<Item = Rate>) -> Option<Rate> {
    rates.fold(None, |sum: Option<Rate>, rate| {
        let mut sum = sum.unwrap_or_default();
        sum += &rate;
        Some(sum)
    })
}
