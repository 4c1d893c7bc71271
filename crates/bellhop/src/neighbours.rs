//! Members of one process that call each other in memory.
//!
//! An instance that runs in the caller's own process, and on its runtime, needs no connection: a call of it is a call of its
//! server stack. All else stays as it is. It is found in the registry, greeted, picked in turn, timed, broken and traced like
//! any other, and leaves like any other.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::runtime::Handle;
use tokio_util::sync::DropGuard;

use crate::{discovery::InstanceId, endpoint::Target, registration::HostPort, server::Local};

/// Members of one process that call each other in memory; a clone is the same.
///
/// Those that are to do so are given the same one by [`Mesh::beside`](crate::Mesh::beside), and run on the same
/// [`Shards`](crate::Shards). A handler that is called so sees neither `user-agent` nor an authority.
#[derive(Clone, Default)]
pub struct Neighbours(Arc<Mutex<HashMap<InstanceId, Neighbour>>>);

struct Neighbour {
    /// Where the registry says that it is.
    address: HostPort,
    /// One for each of its runtimes.
    workers: Vec<Local>,
}

/// That a member is among its neighbours; it leaves when this is dropped.
pub(crate) struct Lodging {
    neighbours: Neighbours,
    id: InstanceId,
    _close: DropGuard,
}

impl Neighbours {
    /// Adds a member, until `close` is dropped.
    pub(crate) fn join(
        &self,
        id: &str,
        address: HostPort,
        workers: Vec<Local>,
        close: DropGuard,
    ) -> Lodging {
        let id = InstanceId::new(id);
        self.lock()
            .insert(id.clone(), Neighbour { address, workers });
        Lodging {
            neighbours: self.clone(),
            id,
            _close: close,
        }
    }

    /// The instance that is meant, where it is one of them and runs where this is called.
    pub(crate) fn find(&self, target: &Target) -> Option<Local> {
        let neighbours = self.lock();
        let Neighbour { address, workers } = neighbours.get(&target.id)?;
        let is_there = address.host == target.host && address.port == target.port;
        let runtime = Handle::try_current().ok()?.id();
        let mut workers = workers.iter().filter(|_| is_there);
        workers.find(|worker| worker.is_on(runtime)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<InstanceId, Neighbour>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        self.neighbours.lock().remove(&self.id);
    }
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}

impl fmt::Debug for Lodging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lodging")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
