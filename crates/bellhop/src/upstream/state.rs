//! What is known of a service, and who is being kept connected.

use std::{collections::BTreeMap, sync::Arc};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::task::AbortOnDropHandle;

use super::Cause;
use crate::{
    balance::Shard,
    consul,
    discovery::{Change, Event, Instance, InstanceId},
    endpoint::{ConnectError, Endpoint, Target},
};

/// What is known of a service, and who is being kept connected.
#[derive(Default)]
pub(super) struct State {
    /// Whether an instance was ever registered, in whatever state.
    seen: bool,
    registered: usize,
    registry: Option<Arc<consul::Error>>,
    known: BTreeMap<InstanceId, Known>,
    shards: Vec<Attached>,
}

/// An instance that may be called.
struct Known {
    target: Arc<Target>,
    weight: watch::Sender<u32>,
}

struct Attached {
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
            handle,
            shard: shard.clone(),
            supervisors: BTreeMap::new(),
        };
        for (id, known) in &self.known {
            attached.insert(id, known, &supervise);
        }
        self.shards.push(attached);
    }

    /// Takes over what discovery says; returns who is gone.
    pub(super) fn apply(
        &mut self,
        event: Event,
        supervise: impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) -> Vec<InstanceId> {
        match event {
            Event::Unreachable { error } => {
                self.registry = Some(error);
                Vec::new()
            }
            Event::Answer {
                changes,
                registered,
            } => {
                self.registry = None;
                self.registered = registered;
                self.seen |= registered > 0;
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
                self.known.remove(&id);
                for attached in &mut self.shards {
                    attached.supervisors.remove(&id);
                }
                Some(id)
            }
            Change::Insert(id, instance) => {
                self.insert(id, instance, supervise);
                None
            }
        }
    }

    fn insert(
        &mut self,
        id: InstanceId,
        instance: Instance,
        supervise: &impl Fn(Seat<'_>) -> AbortOnDropHandle<()>,
    ) {
        let Instance { host, port, weight } = instance;
        let target = Target {
            id: id.clone(),
            host,
            port,
        };
        if let Some(known) = self.known.get(&id)
            && *known.target == target
        {
            known.weight.send_replace(weight);
            return;
        }
        let known = Known {
            target: Arc::new(target),
            weight: watch::Sender::new(weight),
        };
        for attached in &mut self.shards {
            attached.insert(&id, &known, supervise);
        }
        self.known.insert(id, known);
    }

    /// Why nobody can be called.
    pub(super) fn cause(
        &self,
        failure: impl FnOnce(&dyn Fn(&InstanceId) -> bool) -> Option<(InstanceId, Arc<ConnectError>)>,
    ) -> Cause {
        if !self.known.is_empty() {
            Cause::NotConnected {
                passing: self.known.len(),
                failure: failure(&|id| self.known.contains_key(id)),
            }
        } else if self.registered > 0 {
            Cause::NotPassing {
                registered: self.registered,
            }
        } else if self.seen {
            Cause::Deregistered
        } else {
            Cause::NeverSeen {
                registry: self.registry.clone(),
            }
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
        };
        let supervisor = supervise(seat);
        self.supervisors.insert(id.clone(), supervisor);
    }
}
