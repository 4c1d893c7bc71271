//! The instances of one service as a process knows them by calling them: their breakers, how many may be out of turn, and
//! who is still on its way to its full share.

mod floor;
mod gone;
mod member;
mod standing;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tracing::{debug, info, warn};

use self::gone::Gone;
pub(super) use self::member::Member;
pub(crate) use self::{floor::Panic, standing::Standing};
use super::{
    Endpoint, Target, Vouch,
    ramp::Ramps,
    tally::{Tallied, Tallies},
};
use crate::{
    balance::{Ring, WHOLE},
    breaker::{self, Breaker, BreakerState, Change, Observer},
    context::Voice,
    discovery::InstanceId,
    identity::Recognition,
};

/// How instances are taken out of turn and come back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    /// `None` where breakers are off.
    pub(crate) breaker: Option<breaker::Settings>,
    /// How long a newcomer takes to its full share; `None` where it has it at once.
    pub(crate) slow_start: Option<Duration>,
    /// Whether those who are somebody else by their own word are taken for whom they are taken by the registry.
    pub(crate) strangers: bool,
}

/// The instances of a service, shared by the shards of a process.
pub(crate) struct Group {
    service: Arc<str>,
    settings: Settings,
    ring: Ring<InstanceId, Endpoint>,
    origin: Instant,
    voice: Voice,
    members: Mutex<Members>,
    begun: Notify,
    /// Whether it was told that nobody is connected for long.
    missed: AtomicBool,
    this: Weak<Self>,
}

struct Members {
    by_id: BTreeMap<InstanceId, Entry>,
    gone: Gone,
    ramps: Option<Ramps<InstanceId>>,
    panic: Panic,
    /// Whether those take turns who never passed.
    last_resort: bool,
}

struct Entry {
    member: Arc<Member>,
    /// Who is critical takes turns only where there would be too few.
    vouch: Vouch,
    connections: usize,
    /// It may be connected any moment: the last attempt, if there was one, has not failed.
    awaited: bool,
    /// Whether its next connection is one to a process that is new as far as one knows.
    fresh: bool,
    /// What the member was told last of its turns; to ask the member takes a lock, for each of all at each change.
    turn: bool,
}

/// A connection that counts; who drops it has it count no more.
#[derive(Debug)]
pub(crate) struct Connection {
    group: Arc<Group>,
    member: Arc<Member>,
}

impl Group {
    /// A group without members, whose ring they join.
    pub(crate) fn new(
        service: Arc<str>,
        ring: Ring<InstanceId, Endpoint>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            service,
            settings,
            ring,
            origin: Instant::now(),
            voice: Voice::current(),
            members: Mutex::new(Members {
                by_id: BTreeMap::new(),
                gone: Gone::default(),
                ramps: settings.slow_start.map(Ramps::new),
                panic: Panic::default(),
                last_resort: false,
            }),
            begun: Notify::new(),
            missed: AtomicBool::new(false),
            this: this.clone(),
        })
    }

    /// The member that an instance is; a new one where the instance is new or has moved. A new one that is critical is not to
    /// take turns before others have been looked at.
    pub(super) fn member(&self, target: &Arc<Target>, vouch: Vouch) -> Arc<Member> {
        let mut members = self.lock();
        if let Some(entry) = members.by_id.get(&target.id)
            && entry.member.target == *target
        {
            return entry.member.clone();
        }
        let breaker = self.settings.breaker.map(|settings| {
            let observer: Weak<dyn Observer> = self.this.clone();
            let id = target.id.clone();
            Arc::new(Breaker::new(id, settings, self.origin, observer))
        });
        let member = Arc::new(Member {
            target: target.clone(),
            breaker,
            recognition: (!self.settings.strangers).then(|| {
                if target.signs {
                    Recognition::of_a_member(&self.service)
                } else {
                    Recognition::new(&self.service)
                }
            }),
            turn: watch::Sender::new(!vouch.is_critical()),
            tallies: Tallies::default(),
        });
        let entry = Entry {
            member: member.clone(),
            vouch,
            connections: 0,
            awaited: true,
            fresh: true,
            turn: !vouch.is_critical(),
        };
        if let Some(moved) = members.by_id.insert(target.id.clone(), entry) {
            members.gone.add(moved.member);
        }
        member
    }

    /// Counts a connection. It comes before the member takes turns, so that a newcomer begins with a small share.
    pub(super) fn connected(self: &Arc<Self>, member: &Arc<Member>) -> Connection {
        let mut members = self.lock();
        if let Some(entry) = members.entry(member) {
            entry.connections += 1;
            entry.awaited = true;
            if std::mem::take(&mut entry.fresh) {
                if let Some(breaker) = &member.breaker {
                    breaker.hurry();
                }
                self.begin(&mut members, &member.target.id);
            }
        }
        self.keep_floor(&mut members);
        Connection {
            group: self.clone(),
            member: member.clone(),
        }
    }

    /// Somebody takes turns.
    pub(super) fn found(&self) {
        if self.missed.swap(false, Relaxed) {
            let service = &*self.service;
            self.voice.say(|| {
                info!(
                    service,
                    "somebody can be called again, calls do not fail fast any more"
                );
            });
        }
    }

    /// Nobody was connected for as long as a call waits.
    pub(crate) fn missed(&self, case: &str, cause: &dyn fmt::Display) {
        if !self.missed.swap(true, Relaxed) {
            let service = &*self.service;
            self.voice.say(|| {
                warn!(service, case, %cause, "nobody can be called, calls fail fast until somebody can");
            });
        }
    }

    /// Whether calls fail fast for that.
    pub(crate) fn is_missed(&self) -> bool {
        self.missed.load(Relaxed)
    }

    /// A connection broke, or could not be made: where there is no other, who comes back is a newcomer.
    pub(super) fn troubled(&self, member: &Arc<Member>) {
        let mut members = self.lock();
        if let Some(entry) = members.entry(member)
            && entry.connections == 0
        {
            entry.fresh = true;
            self.end(&mut members, &member.target.id);
        }
    }

    /// A connection could not be made.
    pub(super) fn unreachable(&self, member: &Arc<Member>) {
        self.troubled(member);
        let mut members = self.lock();
        if let Some(entry) = members.entry(member) {
            entry.awaited = false;
        }
        self.keep_floor(&mut members);
    }

    /// Takes over what the registry says of an instance. One that is well again is a newcomer.
    pub(crate) fn set_vouch(&self, id: &InstanceId, vouch: Vouch) {
        let mut members = self.lock();
        let Some(entry) = members.by_id.get_mut(id) else {
            return;
        };
        let was = std::mem::replace(&mut entry.vouch, vouch);
        if was == vouch {
            return;
        }
        if !vouch.is_critical() && !entry.turn && entry.connections > 0 {
            self.begin(&mut members, id);
        }
        self.keep_floor(&mut members);
    }

    /// Forgets an instance.
    pub(crate) fn forget(&self, id: &InstanceId) {
        let mut members = self.lock();
        if let Some(gone) = members.by_id.remove(id) {
            members.gone.add(gone.member);
        }
        self.end(&mut members, id);
        self.keep_floor(&mut members);
    }

    /// Takes newcomers to their full shares, for ever.
    pub(crate) async fn ramp(self: Arc<Self>) {
        loop {
            self.begun.notified().await;
            // One step for all who are on their way: each is a change of the ring.
            while let Some(step) = self.step() {
                tokio::time::sleep(step).await;
            }
        }
    }

    /// What is known of each instance, in the order of their ids.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let members = self.lock();
        let shares: BTreeMap<_, _> = self.ring.shares().into_iter().collect();
        let share = |id: &InstanceId| shares.get(id).copied().unwrap_or(WHOLE);
        let standing = |(id, entry): (&InstanceId, &Entry)| {
            let breaker = entry.member.breaker.as_deref();
            Standing {
                id: id.clone(),
                connections: entry.connections,
                trouble: breaker.and_then(Breaker::trouble),
                exempt: breaker.is_some_and(Breaker::is_exempt),
                breaker: breaker.map_or_else(BreakerState::default, Breaker::state),
                share: share(id),
                benched: !entry.turn,
            }
        };
        members.by_id.iter().map(standing).collect()
    }

    /// What was counted of the calls to each instance, and to all of them, those that have gone too.
    pub(crate) fn tallied(&self) -> (BTreeMap<InstanceId, Tallied>, Tallied) {
        let members = self.lock();
        let sum = |(id, entry): (&InstanceId, &Entry)| (id.clone(), entry.member.tallies.sum());
        let each: BTreeMap<_, _> = members.by_id.iter().map(sum).collect();
        let mut all = members.gone.sum();
        each.values().for_each(|tallied| all.add_calls(tallied));
        (each, all)
    }

    fn begin(&self, members: &mut Members, id: &InstanceId) {
        if let Some(ramps) = &mut members.ramps {
            let now = Instant::now();
            ramps.begin(id.clone(), now);
            self.ring.set_shares(ramps.shares(now));
            self.begun.notify_one();
        }
    }

    fn end(&self, members: &mut Members, id: &InstanceId) {
        if let Some(ramps) = &mut members.ramps {
            ramps.end(id);
            self.ring.set_shares([(id.clone(), WHOLE)]);
        }
    }

    /// Sets the shares; how long they hold, where anybody is on its way.
    fn step(&self) -> Option<Duration> {
        let mut members = self.lock();
        let ramps = members.ramps.as_mut()?;
        self.ring.set_shares(ramps.shares(Instant::now()));
        ramps.is_ramping().then(|| ramps.step())
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Group {
    fn changed(&self, id: &InstanceId, change: Change) {
        let service = &*self.service;
        self.voice.say(|| match change {
            Change::Opened => warn!(service, instance = %id, "fails too often, out of turn"),
            Change::Reopened => debug!(service, instance = %id, "still fails"),
            Change::Closed => info!(service, instance = %id, "works again"),
        });
        let mut members = self.lock();
        if change == Change::Closed && members.by_id.contains_key(id) {
            self.begin(&mut members, id);
        }
        self.keep_floor(&mut members);
    }
}

impl Members {
    /// The entry of a member, unless another has taken its place.
    fn entry(&mut self, member: &Arc<Member>) -> Option<&mut Entry> {
        self.by_id
            .get_mut(&member.target.id)
            .filter(|entry| Arc::ptr_eq(&entry.member, member))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut members = self.group.lock();
        if let Some(entry) = members.entry(&self.member) {
            entry.connections -= 1;
        }
        self.group.keep_floor(&mut members);
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("service", &self.service)
            .field("panic", &self.panic())
            .field("standings", &self.standings())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
