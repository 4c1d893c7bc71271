//! What a pick reads: never changed, only replaced.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use http::HeaderName;

use super::{Available, schedule::Schedule, want::Want};
use crate::split::{Rota, preferred};

/// A pick that found only turns of others looks no further than twice the members and this.
const MANY_TURNS: usize = 64;

/// All members of a shard, and by version where the traffic is split.
pub(super) struct Snapshot<K, S> {
    pub(super) all: Group<K, S>,
    pub(super) split: Option<Box<Parts<K, S>>>,
    /// By index of the keys of all.
    pub(super) versions: Box<[Option<Arc<str>>]>,
    /// Counts requests that name their version.
    pub(super) named: Arc<AtomicUsize>,
}

/// Members with turns of their own.
pub(super) struct Group<K, S> {
    schedule: Arc<Schedule<K>>,
    /// By index of the schedule's keys.
    services: Box<[Option<S>]>,
    /// How many of them are there.
    joined: usize,
}

/// The versions that have a share and somebody to serve it.
pub(super) struct Parts<K, S> {
    pub(super) rota: Arc<Rota>,
    /// Counts the turns of versions, whatever the rota.
    pub(super) taken: Arc<AtomicUsize>,
    pub(super) sticky: Option<HeaderName>,
    /// By index of the rota.
    pub(super) versions: Box<[Part<K, S>]>,
    /// Those of versions that the split does not name, or of none.
    pub(super) unnamed: Option<Group<K, S>>,
}

pub(super) struct Part<K, S> {
    pub(super) version: Arc<str>,
    pub(super) share: u32,
    pub(super) group: Group<K, S>,
}

impl<K: Clone + Ord, S: Clone> Group<K, S> {
    pub(super) fn new<'s>(schedule: &Arc<Schedule<K>>, joined: impl Fn(&K) -> Option<&'s S>) -> Self
    where
        S: 's,
    {
        let services = schedule.keys().iter().map(|key| joined(key).cloned());
        let services: Box<[Option<S>]> = services.collect();
        Self {
            joined: services.iter().flatten().count(),
            schedule: schedule.clone(),
            services,
        }
    }
}

impl<K: Clone + Ord, S: Available> Group<K, S> {
    /// The member whose turn it is, else one that would rather be spared.
    pub(super) fn pick(&self) -> Option<S::Picked> {
        if self.joined == 0 {
            return None;
        }
        self.pick_available(|_| false)
            .or_else(|| self.pick_anyway())
    }

    /// The next in turn of those not to be avoided, of all where there is no such member.
    pub(super) fn pick_avoiding(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        let other = self.has_other(&avoid);
        let other = other.then(|| self.pick_available(avoid)).flatten();
        other.or_else(|| self.pick())
    }

    /// The same without going on where there is none, and without taking turns for long to find that out.
    fn pick_other(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        if self.joined == 0 {
            return None;
        }
        let next = self.offer(self.schedule.take()?, &avoid);
        next.or_else(|| {
            let other = self.has_other(&avoid);
            other.then(|| self.pick_available(avoid)).flatten()
        })
    }

    fn pick_available(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        self.walk(|member| self.offer(member, &avoid))
    }

    fn pick_anyway(&self) -> Option<S::Picked> {
        self.walk(|member| self.services[member].as_ref()?.pick_anyway())
    }

    fn offer(&self, member: usize, avoid: &impl Fn(&K) -> bool) -> Option<S::Picked> {
        let service = self.services[member].as_ref()?;
        (!avoid(&self.schedule.keys()[member]))
            .then(|| service.pick())
            .flatten()
    }

    /// Offers turns to members until one takes it.
    fn walk(&self, offer: impl Fn(usize) -> Option<S::Picked>) -> Option<S::Picked> {
        // Every member has a turn within one cycle. Others take turns at the same time, so a second cycle may be needed; what
        // is left then is not worth spinning for.
        for _ in 0..2 * self.services.len() + MANY_TURNS {
            if let Some(picked) = offer(self.schedule.take()?) {
                return Some(picked);
            }
        }
        (0..self.services.len()).find_map(offer)
    }

    pub(super) fn has_other(&self, avoid: impl Fn(&K) -> bool) -> bool {
        let keys = self.schedule.keys().iter().zip(&self.services);
        keys.filter(|(key, _)| !avoid(key))
            .filter_map(|(_, service)| service.as_ref())
            .any(Available::is_available)
    }
}

impl<K: Clone + Ord, S: Available> Snapshot<K, S> {
    /// The member for a request: of the version that it is for, where it is for one; `tried` is who had it first.
    ///
    /// A request takes one turn of the versions, whatever becomes of it: what is picked for it again stays with the version of
    /// that turn, or of who had it first, while somebody of it can serve who is not to be avoided.
    pub(super) fn pick(
        &self,
        want: &mut Want,
        tried: Option<&K>,
        avoid: impl Fn(&K) -> bool,
    ) -> Option<S::Picked> {
        if let Want::Version(version) = want
            && let Some(picked) = self.pick_named(version, &avoid)
        {
            return Some(picked);
        }
        let Some(parts) = &self.split else {
            return match tried {
                None => self.all.pick(),
                Some(_) => self.all.pick_avoiding(avoid),
            };
        };
        let version = tried.and_then(|key| self.version_of(key));
        let (own, rest) = parts.order(want, tried.is_some(), version);
        let group = |place: usize| &parts.versions[place].group;
        let again = tried.is_some().then_some(());
        group(own)
            .pick_other(&avoid)
            .or_else(|| {
                rest.into_iter()
                    .find_map(|place| group(place).pick_other(&avoid))
            })
            // Whoever has no share serves before nobody does, and who was given none is the last.
            .or_else(|| parts.unnamed.as_ref()?.pick_other(&avoid))
            .or_else(|| self.all.pick_other(&avoid))
            .or_else(|| again.and_then(|()| group(own).pick_other(|_| false)))
            .or_else(|| group(own).pick())
            .or_else(|| self.all.pick())
    }

    /// One of a version, in turn among those who can serve.
    fn pick_named(&self, version: &str, avoid: &impl Fn(&K) -> bool) -> Option<S::Picked> {
        let Group {
            schedule, services, ..
        } = &self.all;
        let able = || {
            let all = schedule.keys().iter().zip(&self.versions).zip(services);
            all.filter(|((key, of), _)| of.as_deref() == Some(version) && !avoid(key))
                .filter_map(|(_, service)| service.as_ref())
                .filter(|service| service.is_available())
        };
        let count = able().count();
        if count == 0 {
            return None;
        }
        let first = self.named.fetch_add(1, Relaxed) % count;
        able().skip(first).chain(able()).find_map(Available::pick)
    }

    fn version_of(&self, key: &K) -> Option<&Arc<str>> {
        let index = self.all.schedule.keys().binary_search(key).ok()?;
        self.versions[index].as_ref()
    }
}

impl<K, S> Parts<K, S> {
    /// The version for a request, and then the others in the order in which they stand in for it.
    fn order(
        &self,
        want: &mut Want,
        is_again: bool,
        version: Option<&Arc<str>>,
    ) -> (usize, Others<'_, K, S>) {
        if let Want::Key(key) = *want {
            let own = self.preferred(key, 0).unwrap_or_default();
            return (own, self.others(Next::Key(key), own));
        }
        let turn = match *want {
            Want::Taken(turn) => turn,
            // Somebody had a turn for it.
            _ if is_again => self.taken.load(Relaxed),
            _ => self.taken.fetch_add(1, Relaxed),
        };
        if matches!(want, Want::Next) {
            *want = Want::Taken(turn);
        }
        let place = version.and_then(|version| self.place(version));
        let own = place.unwrap_or_else(|| self.rota.at(turn));
        (own, self.others(Next::Turn(turn), own))
    }

    fn place(&self, version: &str) -> Option<usize> {
        let mut versions = self.versions.iter();
        versions.position(|part| *part.version == *version)
    }

    fn others(&self, next: Next, own: usize) -> Others<'_, K, S> {
        Others {
            parts: self,
            next,
            seen: 1 << own,
        }
    }

    /// The version for a key, of those that are not among `seen`.
    fn preferred(&self, key: u64, seen: u32) -> Option<usize> {
        let left = || (0..self.versions.len()).filter(move |place| seen & (1 << place) == 0);
        let shares = left().map(|place| {
            let part = &self.versions[place];
            (&*part.version, part.share)
        });
        let index = preferred(key, shares)?;
        left().nth(index)
    }
}

/// The other versions, looked for only where they are needed.
struct Others<'p, K, S> {
    parts: &'p Parts<K, S>,
    next: Next,
    /// A bit for each version.
    seen: u32,
}

enum Next {
    Key(u64),
    Turn(usize),
}

impl<K, S> Iterator for Others<'_, K, S> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let next = match self.next {
            Next::Key(key) => self.parts.preferred(key, self.seen),
            Next::Turn(turn) => self.parts.rota.next(turn, self.seen),
        }?;
        self.seen |= 1 << next;
        Some(next)
    }
}
