//! What is known of the mesh at one moment: what the registry lists, and what each member says.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    flags::{Disagreement, Kind},
    told::{Callee, Upstream, View},
};
use crate::consul::{Health, HealthState};

/// A view that is older says nothing of now.
const FRESH: Duration = Duration::from_secs(2);

/// What the registry has of a service.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// By id; `None` until it has said so once.
    pub(super) instances: Option<BTreeMap<String, Health>>,
    /// Some of it may be hidden from this member, or out of date.
    pub(super) doubtful: bool,
    /// Why it does not answer now.
    pub(super) error: Option<String>,
}

/// What is known of a member beside that.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) service: String,
    /// Where its admin endpoint is.
    pub(super) admin: Option<String>,
    /// What it said last, and when.
    pub(super) view: Option<(Instant, View)>,
    /// Why it does not answer now.
    pub(super) unseen: Option<String>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By service.
    pub(super) listed: BTreeMap<String, Listed>,
    /// By id.
    pub(super) members: BTreeMap<String, Member>,
}

impl Listed {
    pub(super) fn get(&self, id: &str) -> Option<&Health> {
        self.instances.as_ref()?.get(id)
    }

    /// What it lists, where it has said so for sure and still answers.
    fn sure(&self) -> Option<&BTreeMap<String, Health>> {
        let is_sure = self.error.is_none() && !self.doubtful;
        self.instances.as_ref().filter(|_| is_sure)
    }
}

impl Member {
    /// What it said of late.
    pub(super) fn fresh(&self, now: Instant) -> Option<&View> {
        let (at, view) = self.view.as_ref()?;
        (*at + FRESH >= now).then_some(view)
    }
}

impl Known {
    /// All that was said of an instance by those who call it, with who said it.
    pub(super) fn callers<'k>(
        &'k self,
        now: Instant,
        service: &'k str,
        id: &'k str,
    ) -> impl Iterator<Item = (&'k str, &'k Callee)> {
        let views = self.upstreams(now);
        let ours = views.filter(move |(_, _, upstream)| upstream.service == service);
        ours.flat_map(move |(caller, _, upstream)| {
            let mut instances = upstream.instances.iter();
            Some((caller, instances.find(|callee| callee.id == id)?))
        })
    }

    /// Who calls which service: the caller's id and service, and how it sees those whom it calls.
    pub(super) fn upstreams(&self, now: Instant) -> impl Iterator<Item = (&str, &str, &Upstream)> {
        self.members.iter().flat_map(move |(id, member)| {
            let upstreams = member.fresh(now).map(|view| &*view.upstreams);
            let upstreams = upstreams.unwrap_or_default().iter();
            upstreams.map(move |upstream| (&**id, &*member.service, upstream))
        })
    }

    /// Where the registry and a member do not agree now, as far as both are heard.
    pub(super) fn disagreements(&self, now: Instant) -> BTreeSet<Disagreement> {
        let mut found = BTreeSet::new();
        for (caller, service, upstream) in self.upstreams(now) {
            let listed = self.listed.get(&upstream.service).and_then(Listed::sure);
            let Some(listed) = listed else { continue };
            let mut differ = |kind, instance: &str| {
                found.insert(Disagreement {
                    kind,
                    member: caller.to_owned(),
                    member_service: service.to_owned(),
                    instance: instance.to_owned(),
                    service: upstream.service.clone(),
                });
            };
            let known = upstream.instances.iter();
            for callee in known.filter(|callee| callee.has_turns()) {
                match listed.get(&callee.id).map(Health::state) {
                    None => differ(Kind::CallsUnlisted, &callee.id),
                    Some(HealthState::Critical) => differ(Kind::CallsCritical, &callee.id),
                    Some(_) => {}
                }
            }
            for (id, health) in listed {
                let is_callable = health.service.port.is_some();
                if !is_callable || health.state() != HealthState::Passing {
                    continue;
                }
                let callee = upstream.instances.iter().find(|callee| callee.id == *id);
                match callee.map(|callee| &*callee.state) {
                    // A caller may be told to know some of many only.
                    None if upstream.left_out > 0 => {}
                    None | Some("critical") => differ(Kind::DoesNotKnow, id),
                    Some("connecting") => differ(Kind::NotConnected, id),
                    Some(_) => {}
                }
            }
        }
        found.extend(self.registered_nowhere(now));
        found
    }

    fn registered_nowhere(&self, now: Instant) -> impl Iterator<Item = Disagreement> {
        self.members.iter().filter_map(move |(id, member)| {
            let listed = self.listed.get(&member.service)?.sure()?;
            let view = member.fresh(now)?;
            let differs = view.registration.state == "registered" && !listed.contains_key(id);
            differs.then(|| Disagreement {
                kind: Kind::RegisteredNowhere,
                member: id.clone(),
                member_service: member.service.clone(),
                instance: id.clone(),
                service: member.service.clone(),
            })
        })
    }
}
