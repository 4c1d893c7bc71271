//! Who takes turns, kept for the whole process and seen by each shard.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicUsize},
};

use arc_swap::ArcSwap;
use http::HeaderName;
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use super::{
    Available,
    absence::Absence,
    division::Division,
    pace::{CatchUp, Later, Pace, Todo},
    schedule::Schedule,
    snapshot::{Group, Snapshot},
    want::Want,
};
use crate::split::Split;

/// A member's whole share of its weight.
pub(crate) const WHOLE: u32 = 10;

/// The members of a service and their turns.
///
/// One ring serves all shards of a process, so that round robin holds over all of them. A member takes turns from when the
/// first shard has it [joined](Shard::join) until the last has it left. Where there are more than 256, changes that come fast are
/// seen together, each within 100 ms.
pub struct Ring<K, S> {
    inner: Arc<Mutex<Inner<K, S>>>,
}

struct Inner<K, S> {
    schedule: Arc<Schedule<K>>,
    /// By key, the weight times the share.
    members: BTreeMap<K, u32>,
    /// Those that are of a version.
    versions: BTreeMap<K, Arc<str>>,
    /// By key, what a member has of its weight, in tenths; all of it where there is none.
    shares: BTreeMap<K, u32>,
    shards: Vec<Weak<State<K, S>>>,
    /// Counts joins, so that each has a number of its own.
    joins: u64,
    division: Division<K>,
    /// Counts requests that name their version.
    named: Arc<AtomicUsize>,
    pace: Pace,
    this: Weak<dyn CatchUp>,
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
    version: Option<Arc<str>>,
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

impl<K: Clone + Ord + Send + Sync + 'static, S: Clone + Send + Sync + 'static> Ring<K, S> {
    /// A ring without members.
    pub fn new() -> Self {
        let inner = |this: &Weak<Mutex<Inner<K, S>>>| Inner {
            schedule: Arc::new(Schedule::new(&BTreeMap::new(), None)),
            members: BTreeMap::new(),
            versions: BTreeMap::new(),
            shares: BTreeMap::new(),
            shards: Vec::new(),
            joins: 0,
            division: Division::default(),
            named: Arc::default(),
            pace: Pace::default(),
            this: this.clone(),
        };
        Self {
            inner: Arc::new_cyclic(|this| Mutex::new(inner(this))),
        }
    }
}

impl<K: Clone + Ord, S: Clone> Ring<K, S> {
    /// A further shard, with no members joined to it yet.
    pub fn shard(&self) -> Shard<K, S> {
        let mut ring = lock(&self.inner);
        let snapshot = ring.snapshot(&BTreeMap::new());
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

    /// Says what members have of their weights, in tenths, in all shards. It holds for those who join later too.
    pub(crate) fn set_shares(&self, shares: impl IntoIterator<Item = (K, u32)>) {
        let mut ring = lock(&self.inner);
        let mut is_new = false;
        for (key, share) in shares {
            let share = (share < WHOLE).then_some(share.max(1));
            let before = match share {
                Some(share) => ring.shares.insert(key, share),
                None => ring.shares.remove(&key),
            };
            is_new |= before != share;
        }
        if is_new {
            change(ring);
        }
    }

    /// Splits the turns between versions; `None` ends it.
    pub fn set_split(&self, split: Option<Split>) {
        let mut ring = lock(&self.inner);
        if ring.division.set(split) {
            ring.publish();
        }
    }
}

impl<K: Clone + Ord, S: Clone> Shard<K, S> {
    /// Joins a member, in the place of one with the same key, until the [`Membership`] is dropped.
    pub fn join(&self, key: K, weight: u32, service: S) -> Membership<K, S> {
        self.join_as(key, None, weight, service)
    }

    /// The same for a member that is of a version.
    pub fn join_as(
        &self,
        key: K,
        version: Option<Arc<str>>,
        weight: u32,
        service: S,
    ) -> Membership<K, S> {
        let mut ring = lock(&self.ring);
        ring.joins += 1;
        let join = ring.joins;
        lock(&self.state.joined).insert(
            key.clone(),
            Joined {
                join,
                version,
                weight,
                service,
            },
        );
        change(ring);
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
        let ring = lock(&self.shard.ring);
        let mut joined = lock(&self.shard.state.joined);
        if joined
            .get(&self.key)
            .is_some_and(|member| member.join == self.join)
        {
            edit(&mut joined, &self.key);
            drop(joined);
            change(ring);
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
        let snapshot = self.state.snapshot.load();
        match snapshot.split {
            None => snapshot.all.pick(),
            Some(_) => snapshot.pick(&mut Want::Next, None, |_| false),
        }
    }

    /// The next in turn of those whose keys are not to be avoided; the next in turn of all where there is no such member.
    pub fn pick_avoiding(&self, avoid: impl Fn(&K) -> bool) -> Option<S::Picked> {
        let snapshot = self.state.snapshot.load();
        match snapshot.split {
            None => snapshot.all.pick_avoiding(avoid),
            Some(_) => snapshot.pick(&mut Want::Next, None, avoid),
        }
    }

    /// The member for a request that knows whom it is for, and who had it already.
    pub(crate) fn pick_for(&self, want: &mut Want, tried: &[K]) -> Option<S::Picked> {
        let snapshot = self.state.snapshot.load();
        snapshot.pick(want, tried.first(), |key| tried.contains(key))
    }

    /// The same for one that is still to say whom it is for, which may depend on a header.
    pub(crate) fn pick_first(
        &self,
        say: impl FnOnce(Option<&HeaderName>) -> Want,
        tried: &[K],
    ) -> (Option<S::Picked>, Want) {
        let snapshot = self.state.snapshot.load();
        let sticky = snapshot.split.as_ref();
        let mut want = say(sticky.and_then(|parts| parts.sticky.as_ref()));
        let picked = snapshot.pick(&mut want, tried.first(), |key| tried.contains(key));
        (picked, want)
    }

    /// Whether somebody can be picked whose key is not to be avoided.
    pub fn has_other(&self, avoid: impl Fn(&K) -> bool) -> bool {
        self.state.snapshot.load().all.has_other(avoid)
    }
}

/// Has every shard see what has changed: at once, or soon where there are many members and changes.
fn change<K: Clone + Ord, S: Clone>(mut ring: MutexGuard<'_, Inner<K, S>>) {
    let members = ring.members.len();
    match ring.pace.changed(members, Instant::now()) {
        Todo::Now => ring.publish(),
        Todo::Nothing => {}
        Todo::At(time) => {
            let later = Later(ring.this.clone());
            // It may have to see to it here and now.
            drop(ring);
            later.at(time);
        }
    }
}

impl<K: Clone + Ord + Send + Sync, S: Clone + Send + Sync> CatchUp for Mutex<Inner<K, S>> {
    fn catch_up(&self) {
        let mut ring = lock(self);
        if ring.pace.resumed() {
            ring.publish();
        }
    }
}

impl<K: Clone + Ord, S: Clone> Inner<K, S> {
    /// Makes what every shard sees anew.
    fn publish(&mut self) {
        let began = Instant::now();
        self.shards.retain(|shard| shard.strong_count() > 0);
        let shards: Vec<_> = self.shards.iter().filter_map(Weak::upgrade).collect();

        let (mut members, mut versions) = (BTreeMap::new(), BTreeMap::new());
        for shard in &shards {
            for (key, member) in &*lock(&shard.joined) {
                let share = self.shares.get(key).unwrap_or(&WHOLE);
                members.insert(key.clone(), member.weight.saturating_mul(*share));
                if let Some(version) = &member.version {
                    versions.insert(key.clone(), version.clone());
                }
            }
        }
        if members != self.members {
            self.schedule = Arc::new(Schedule::new(&members, self.schedule.last()));
            self.members = members;
        }
        self.versions = versions;
        self.division.divide(&self.members, &self.versions);
        for shard in &shards {
            let snapshot = self.snapshot(&lock(&shard.joined));
            shard.snapshot.store(Arc::new(snapshot));
            shard.changed.notify_waiters();
        }
        self.pace.made(began, Instant::now());
    }

    /// What a shard with these members sees.
    fn snapshot(&self, joined: &BTreeMap<K, Joined<S>>) -> Snapshot<K, S> {
        let group = |schedule: &Arc<Schedule<K>>| {
            Group::new(schedule, |key| {
                joined.get(key).map(|member| &member.service)
            })
        };
        let version = |key| self.versions.get(key).cloned();
        Snapshot {
            all: group(&self.schedule),
            split: self.division.parts(group),
            versions: self.schedule.keys().iter().map(version).collect(),
            named: self.named.clone(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Ord + Send + Sync + 'static, S: Clone + Send + Sync + 'static> Default
    for Ring<K, S>
{
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
