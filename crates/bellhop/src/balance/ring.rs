//! Who takes turns, kept for the whole process and seen by each shard.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use arc_swap::ArcSwap;
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use super::{Available, absence::Absence, schedule::Schedule};

/// A member's whole share of its weight.
pub(crate) const WHOLE: u32 = 10;

/// A pick that found only turns of others looks no further than twice the members and this.
const MANY_TURNS: usize = 64;

/// The members of a service and their turns.
///
/// One ring serves all shards of a process, so that round robin holds over all of them. A member takes turns from when the
/// first shard has it [joined](Shard::join) until the last has it left.
pub struct Ring<K, S> {
    inner: Arc<Mutex<Inner<K, S>>>,
}

struct Inner<K, S> {
    schedule: Arc<Schedule<K>>,
    /// By key, the weight times the share.
    members: BTreeMap<K, u32>,
    /// By key, what a member has of its weight, in tenths; all of it where there is none.
    shares: BTreeMap<K, u32>,
    shards: Vec<Weak<State<K, S>>>,
    /// Counts joins, so that each has a number of its own.
    joins: u64,
}

/// What one shard has of a ring: the members that are joined to it.
pub struct Shard<K, S> {
    ring: Arc<Mutex<Inner<K, S>>>,
    state: Arc<State<K, S>>,
}

/// A member's place in a shard; who drops it leaves.
pub struct Membership<K: Clone + Ord, S: Clone> {
    shard: Shard<K, S>,
    key: K,
    join: u64,
}

struct Joined<S> {
    join: u64,
    weight: u32,
    service: S,
}

struct State<K, S> {
    joined: Mutex<BTreeMap<K, Joined<S>>>,
    snapshot: ArcSwap<Snapshot<K, S>>,
    changed: Notify,
    absence: Absence,
    wanted: Notify,
}

/// What a pick reads: never changed, only replaced.
struct Snapshot<K, S> {
    schedule: Arc<Schedule<K>>,
    /// By index of the schedule's keys.
    services: Box<[Option<S>]>,
    /// How many of them are there.
    joined: usize,
}

impl<K: Clone + Ord, S: Clone> Ring<K, S> {
    /// A ring without members.
    pub fn new() -> Self {
        let inner = Inner {
            schedule: Arc::new(Schedule::new(&BTreeMap::new(), None)),
            members: BTreeMap::new(),
            shares: BTreeMap::new(),
            shards: Vec::new(),
            joins: 0,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// A further shard, with no members joined to it yet.
    pub fn shard(&self) -> Shard<K, S> {
        let mut ring = lock(&self.inner);
        let snapshot = Snapshot::new(&ring.schedule, &BTreeMap::new());
        let state = Arc::new(State {
            joined: Mutex::new(BTreeMap::new()),
            snapshot: ArcSwap::from_pointee(snapshot),
            changed: Notify::new(),
            absence: Absence::new(Instant::now()),
            wanted: Notify::new(),
        });
        ring.shards.push(Arc::downgrade(&state));
        Shard {
            ring: self.inner.clone(),
            state,
        }
    }

    /// What members have of their weights, in tenths; all of it where nothing is said.
    pub(crate) fn shares(&self) -> Vec<(K, u32)> {
        let ring = lock(&self.inner);
        let shares = ring.shares.iter();
        shares.map(|(key, &share)| (key.clone(), share)).collect()
    }

    /// Says what members have of their weights, in tenths, in all shards and at once. It holds for those who join later too.
    pub(crate) fn set_shares(&self, shares: impl IntoIterator<Item = (K, u32)>) {
        let mut ring = lock(&self.inner);
        let before = ring.shares.clone();
        for (key, share) in shares {
            if share < WHOLE {
                ring.shares.insert(key, share.max(1));
            } else {
                ring.shares.remove(&key);
            }
        }
        if ring.shares != before {
            ring.publish();
        }
    }
}

impl<K: Clone + Ord, S: Clone> Shard<K, S> {
    /// Joins a member, in the place of one with the same key, until the [`Membership`] is dropped.
    pub fn join(&self, key: K, weight: u32, service: S) -> Membership<K, S> {
        let mut ring = lock(&self.ring);
        ring.joins += 1;
        let join = ring.joins;
        lock(&self.state.joined).insert(
            key.clone(),
            Joined {
                join,
                weight,
                service,
            },
        );
        ring.publish();
        self.state.absence.end();
        Membership {
            shard: self.clone(),
            key,
            join,
        }
    }
}

impl<K: Ord, S: Clone> Shard<K, S> {
    /// A member that is joined here.
    pub(crate) fn member(&self, key: &K) -> Option<S> {
        let joined = lock(&self.state.joined);
        joined.get(key).map(|member| member.service.clone())
    }
}

impl<K, S> Shard<K, S> {
    /// Members that are joined here.
    pub fn len(&self) -> usize {
        lock(&self.state.joined).len()
    }

    /// Whether nobody is joined here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Since when nobody could be picked here.
    pub(super) fn absence(&self) -> &Absence {
        &self.state.absence
    }

    /// Resolves when the next request finds nobody here.
    pub(crate) fn wanted(&self) -> Notified<'_> {
        self.state.wanted.notified()
    }

    /// Says that a request finds nobody here.
    pub(crate) fn want(&self) {
        self.state.wanted.notify_waiters();
    }

    /// Resolves at the next change of the members.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.state.changed.notified()
    }
}

impl<K: Clone + Ord, S: Clone> Membership<K, S> {
    /// Changes the member's share of the turns.
    pub fn set_weight(&self, weight: u32) {
        self.edit(|joined, key| {
            if let Some(member) = joined.get_mut(key) {
                member.weight = weight;
            }
        });
    }

    /// Edits the shard's members, unless another has taken this one's place.
    fn edit(&self, edit: impl FnOnce(&mut BTreeMap<K, Joined<S>>, &K)) {
        let mut ring = lock(&self.shard.ring);
        let mut joined = lock(&self.shard.state.joined);
        if joined
            .get(&self.key)
            .is_some_and(|member| member.join == self.join)
        {
            edit(&mut joined, &self.key);
            drop(joined);
            ring.publish();
        }
    }
}

impl<K: Clone + Ord, S: Clone> Drop for Membership<K, S> {
    fn drop(&mut self) {
        self.edit(|joined, key| {
            joined.remove(key);
        });
    }
}

impl<K: Clone + Ord, S: Available> Shard<K, S> {
    /// The member whose turn it is. One that is not joined to this shard, or not available, loses its turn.
    pub fn pick(&self) -> Option<S::Picked> {
        self.state.snapshot.load().pick(|_| false)
    }

    /// The next in turn of those whose keys are not to be avoided; the next in turn of all where there is no such member.
    pub fn pick_avoiding(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        let snapshot = self.state.snapshot.load();
        let other = snapshot.has_other(&avoid);
        let other = other.then(|| snapshot.pick_available(avoid)).flatten();
        other.or_else(|| snapshot.pick(|_| false))
    }

    /// Whether somebody can be picked whose key is not to be avoided.
    pub fn has_other(&self, avoid: impl Fn(&K) -> bool) -> bool {
        self.state.snapshot.load().has_other(avoid)
    }
}

impl<K: Clone + Ord, S: Clone> Inner<K, S> {
    /// Makes what every shard sees anew.
    fn publish(&mut self) {
        self.shards.retain(|shard| shard.strong_count() > 0);
        let shards: Vec<_> = self.shards.iter().filter_map(Weak::upgrade).collect();

        let mut members = BTreeMap::new();
        for shard in &shards {
            for (key, member) in &*lock(&shard.joined) {
                let share = self.shares.get(key).unwrap_or(&WHOLE);
                members.insert(key.clone(), member.weight.saturating_mul(*share));
            }
        }
        if members != self.members {
            self.schedule = Arc::new(Schedule::new(&members, self.schedule.last()));
            self.members = members;
        }
        for shard in &shards {
            let snapshot = Snapshot::new(&self.schedule, &lock(&shard.joined));
            shard.snapshot.store(Arc::new(snapshot));
            shard.changed.notify_waiters();
        }
    }
}

impl<K: Clone + Ord, S: Clone> Snapshot<K, S> {
    fn new(schedule: &Arc<Schedule<K>>, joined: &BTreeMap<K, Joined<S>>) -> Self {
        let service = |key| joined.get(key).map(|member| member.service.clone());
        let services = schedule.keys().iter().map(service).collect();
        Self {
            schedule: schedule.clone(),
            services,
            joined: joined.len(),
        }
    }
}

impl<K: Clone + Ord, S: Available> Snapshot<K, S> {
    fn pick(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        if self.joined == 0 {
            return None;
        }
        self.pick_available(avoid)
            .or_else(|| self.walk(|_, service| service.pick_anyway()))
    }

    fn pick_available(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        self.walk(|member, service| {
            (!avoid(&self.schedule.keys()[member]))
                .then(|| service.pick())
                .flatten()
        })
    }

    /// Offers turns to members until one takes it.
    fn walk(&self, offer: impl Fn(usize, &S) -> Option<S::Picked>) -> Option<S::Picked> {
        let offer = |member: usize| offer(member, self.services[member].as_ref()?);
        // Every member has a turn within one cycle. Others take turns at the same time, so a second cycle may be needed; what
        // is left then is not worth spinning for.
        for _ in 0..2 * self.services.len() + MANY_TURNS {
            if let Some(picked) = offer(self.schedule.take()?) {
                return Some(picked);
            }
        }
        (0..self.services.len()).find_map(offer)
    }

    fn has_other(&self, avoid: impl Fn(&K) -> bool) -> bool {
        let keys = self.schedule.keys().iter().zip(&self.services);
        keys.filter(|(key, _)| !avoid(key))
            .filter_map(|(_, service)| service.as_ref())
            .any(Available::is_available)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Ord, S: Clone> Default for Ring<K, S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, S> Clone for Ring<K, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<K, S> Clone for Shard<K, S> {
    fn clone(&self) -> Self {
        Self {
            ring: self.ring.clone(),
            state: self.state.clone(),
        }
    }
}

impl<K: fmt::Debug, S> fmt::Debug for Ring<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("members", &lock(&self.inner).members)
            .finish_non_exhaustive()
    }
}

impl<K: Clone + Ord + fmt::Debug, S: Clone> fmt::Debug for Membership<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Membership")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<K: fmt::Debug, S> fmt::Debug for Shard<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = lock(&self.state.joined);
        f.debug_struct("Shard")
            .field("joined", &joined.keys())
            .finish_non_exhaustive()
    }
}
