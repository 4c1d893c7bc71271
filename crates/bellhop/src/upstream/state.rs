//! What is known of a service, and who is being kept connected.

use std::{collections::BTreeMap, mem, sync::Arc};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::task::AbortOnDropHandle;

use super::{Cause, Report, word::Word};
use crate::{
    balance::Shard,
    discovery::{Change, Event, Instance, InstanceId},
    endpoint::{ConnectError, Connected, Endpoint, Panic, Standing, Target, Vouch},
};

/// What is known of a service, and who is being kept connected.
#[derive(Default)]
pub(super) struct State {
    word: Word,
    known: BTreeMap<InstanceId, Known>,
    shards: Vec<Attached>,
    /// Why nobody is known, as it was last reported.
    reported: Option<&'static str>,
}

/// An instance that may be called.
struct Known {
    target: Arc<Target>,
    weight: watch::Sender<u32>,
    vouch: watch::Sender<Vouch>,
}

struct Attached {
    number: usize,
    handle: Handle,
    shard: Shard<InstanceId, Endpoint>,
    supervisors: BTreeMap<InstanceId, AbortOnDropHandle<()>>,
}

/// One instance in one shard: what a supervisor needs.
pub(super) struct Seat<'a> {
    pub(super) handle: &'a Handle,
    pub(super) shard: &'a Shard<InstanceId, Endpoint>,
    pub(super) target: &'a Arc<Target>,
    pub(super) weight: watch::Receiver<u32>,
    pub(super) vouch: watch::Receiver<Vouch>,
}

/// What is seen of an instance that may be called.
pub(super) struct Seen {
    pub(super) id: InstanceId,
    pub(super) address: String,
    pub(super) weight: u32,
    pub(super) kept: bool,
    /// By the number of the shard.
    pub(super) connections: Vec<(usize, Connected)>,
}

/// What is worth a line in the log.
pub(super) enum Turn {
    /// Nobody is known any more, or for another reason.
    Emptied(Cause),
    /// Somebody is known again.
    Filled,
}

impl State {
    /// Adds a shard and connects it to everybody.
    pub(super) fn attach(
        &mut self,
        handle: Handle,
        shard: &Shard<InstanceId, Endpoint>,
        supervise: impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) {
        let mut attached = Attached {
            number: self.shards.len(),
            handle,
            shard: shard.clone(),
            supervisors: BTreeMap::new(),
        };
        for (id, known) in &self.known {
            attached.insert(id, known, &supervise);
        }
        self.shards.push(attached);
    }

    /// Those that are not called for being critical.
    pub(super) fn critical(&self) -> &[InstanceId] {
        self.word.critical()
    }

    /// Whether an instance is kept connected.
    pub(super) fn knows(&self, id: &InstanceId) -> bool {
        self.known.contains_key(id)
    }

    /// What the registry has said.
    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    /// Those that may be called, and whether the registry does not vouch for them.
    pub(super) fn known(&self) -> impl Iterator<Item = (&InstanceId, bool)> {
        let known = self.known.iter();
        known.map(|(id, known)| (id, *known.vouch.borrow() != Vouch::Passing))
    }

    /// Those that may be called and say their version.
    pub(super) fn versions(&self) -> impl Iterator<Item = (&InstanceId, &Arc<str>)> {
        let known = self.known.iter();
        known.filter_map(|(id, known)| Some((id, known.target.version.as_ref()?)))
    }

    /// Takes over what discovery says; returns who is gone.
    pub(super) fn apply(
        &mut self,
        event: Event,
        supervise: impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) -> Vec<InstanceId> {
        self.word.follow(&event);
        match event {
            Event::Unreachable { .. } | Event::Notes(_) | Event::Critical(_) | Event::About(_) => {
                Vec::new()
            }
            Event::Answer { mut changes, .. }
            | Event::Remembered { mut changes, .. }
            | Event::Subset { mut changes } => {
                // Nobody is to be the last resort before the others are known.
                changes.sort_by_key(|change| matches!(change, Change::Unproven(..)));
                changes
                    .into_iter()
                    .filter_map(|change| self.change(change, &supervise))
                    .collect()
            }
        }
    }

    fn change(
        &mut self,
        change: Change,
        supervise: &impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) -> Option<InstanceId> {
        match change {
            Change::Remove(id) => {
                self.remove(&id);
                Some(id)
            }
            Change::Insert(id, instance) => {
                self.insert(id, instance, Vouch::Passing, supervise);
                None
            }
            Change::Keep(id, instance) => {
                self.insert(id, instance, Vouch::Kept, supervise);
                None
            }
            Change::Spare(id, instance) => {
                self.insert(id, instance, Vouch::Critical, supervise);
                None
            }
            Change::Unproven(id, instance) => {
                self.insert(id, instance, Vouch::Unproven, supervise);
                None
            }
        }
    }

    fn remove(&mut self, id: &InstanceId) {
        self.known.remove(id);
        for attached in &mut self.shards {
            attached.supervisors.remove(id);
        }
    }

    fn insert(
        &mut self,
        id: InstanceId,
        instance: Instance,
        vouch: Vouch,
        supervise: &impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) {
        let Instance {
            host,
            port,
            weight,
            signs,
            version,
        } = instance;
        let target = Target {
            id: id.clone(),
            host,
            port,
            signs,
            version,
        };
        let same = self
            .known
            .get(&id)
            .is_some_and(|known| *known.target == target);
        if !same {
            self.remove(&id);
        }
        let known = self.known.entry(id.clone()).or_insert_with(|| Known {
            target: Arc::new(target),
            weight: watch::Sender::new(weight),
            vouch: watch::Sender::new(vouch),
        });
        known.weight.send_replace(weight);
        known.vouch.send_replace(vouch);
        for attached in &mut self.shards {
            if !attached.supervisors.contains_key(&id) {
                attached.insert(&id, known, supervise);
            }
        }
    }

    /// Why nobody can be called.
    pub(super) fn cause(
        &self,
        failure: impl FnOnce(&dyn Fn(&InstanceId) -> bool) -> Option<(InstanceId, Arc<ConnectError>)>,
    ) -> Cause {
        let vouched_for = |known: &&Known| *known.vouch.borrow() == Vouch::Passing;
        let passing = self.known.values().filter(vouched_for).count();
        if passing == 0 {
            return self.word.cause();
        }
        Cause::NotConnected {
            passing,
            failure: failure(&|id| self.known.contains_key(id)),
        }
    }

    /// What is worth a line in the log since the last time.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        let is_proven = |known: &Known| *known.vouch.borrow() != Vouch::Unproven;
        if self.known.values().any(is_proven) {
            return mem::take(&mut self.reported).map(|_| Turn::Filled);
        }
        let cause = self.word.cause();
        let is_new = self.reported != Some(cause.name());
        self.reported = Some(cause.name());
        is_new.then_some(Turn::Emptied(cause))
    }

    /// What is seen of each.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = |(id, known): (&InstanceId, &Known)| Seen {
            id: id.clone(),
            address: known.target.address(),
            weight: *known.weight.borrow(),
            kept: *known.vouch.borrow() != Vouch::Passing,
            connections: self.connections(id),
        };
        self.known.iter().map(seen).collect()
    }

    fn connections(&self, id: &InstanceId) -> Vec<(usize, Connected)> {
        let each = self.shards.iter();
        each.filter_map(|attached| {
            let endpoint = attached.shard.member(id)?;
            Some((attached.number, endpoint.connected()))
        })
        .collect()
    }

    /// How it stands, given how its instances do.
    pub(super) fn report(&self, standings: &[Standing], panic: Panic, fails_fast: bool) -> Report {
        let count = |is: fn(&Standing) -> bool| {
            let connected = standings.iter().filter(|standing| standing.connections > 0);
            connected.filter(|standing| is(standing)).count()
        };
        let standing = |id| Standing::of(standings, id);
        let is_connected = |id| standing(id).is_some_and(|standing| standing.connections > 0);
        let is_benched = |id| standing(id).is_some_and(|standing| standing.benched);
        let is_vouched_for = |known: &Known| *known.vouch.borrow() == Vouch::Passing;
        // Who is not vouched for may be called while it answers.
        let called = || {
            let known = self.known.iter().filter(|(id, _)| !is_benched(id));
            known.filter(|(id, known)| is_vouched_for(known) || is_connected(id))
        };
        let kept = |(_, known): &(&InstanceId, &Known)| !is_vouched_for(known);
        let connected = self.shards.iter().map(|attached| attached.shard.len());
        Report {
            known: called().count(),
            kept: called().filter(kept).count(),
            spare: count(|standing| standing.benched),
            connected: connected.max().unwrap_or_default(),
            open: count(|standing| standing.trouble.is_some()),
            exempt: count(|standing| standing.exempt),
            fails_fast,
            registry: self.word.failure().cloned(),
            remembered: self.word.remembered(),
            panic: self.word.notes().panic || panic.health,
            left_out: self.word.notes().left_out,
            empty: called().next().is_none().then(|| self.word.cause()),
        }
    }
}

impl Attached {
    fn insert(
        &mut self,
        id: &InstanceId,
        known: &Known,
        supervise: impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) {
        let seat = Seat {
            handle: &self.handle,
            shard: &self.shard,
            target: &known.target,
            weight: known.weight.subscribe(),
            vouch: known.vouch.subscribe(),
        };
        let supervisor = supervise(seat);
        self.supervisors.insert(id.clone(), supervisor);
    }
}

#[cfg(test)]
mod tests;
