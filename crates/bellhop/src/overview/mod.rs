//! The whole mesh in one picture: what the registry lists, joined with what every member says of itself and of those whom it
//! calls.
//!
//! An [`Overview`] collects while somebody [watches](Overview::watch), and not otherwise; however many watch, it collects once.
//! Members are asked at their admin endpoints, whose addresses stand in the registry. One that is not seen from here, for its
//! endpoint answers its own host alone or not at all, is shown by what the others say. Each is asked by itself and within a
//! bound, so that one that hangs delays nobody.
//!
//! The rules are apart from the plumbing: what is known and where it differs (`known`), for how long it has to (`flags`), how
//! often something happens (`rates`) and what is shown of it (`join`) are plain values that take the time as an argument.

mod collect;
mod faults;
mod fetch;
mod flags;
mod join;
mod known;
mod picture;
mod rates;
#[cfg(test)]
mod tests;
mod told;
mod traces;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};

pub use self::{
    faults::{FaultOrder, NoFault},
    traces::NoTrace,
};
use crate::{Mesh, telemetry::Watched};

/// So many may watch at a time.
const WATCHERS_MAX: usize = 32;

type Shown = watch::Sender<Option<Bytes>>;

/// Shows the mesh to whoever watches. Clones share what they collect.
#[derive(Clone)]
pub struct Overview {
    shared: Arc<Shared>,
}

struct Shared {
    mesh: Mesh,
    services: Arc<[String]>,
    /// Where it collects.
    runtime: Handle,
    collector: Mutex<Weak<Shown>>,
    /// For each trace that is being put together.
    joining: Semaphore,
}

/// Somebody who watches; dropping it is to look away.
#[derive(Debug)]
pub struct Watcher {
    pictures: watch::Receiver<Option<Bytes>>,
    /// While somebody watches more traces are kept.
    _watched: Option<Watched>,
}

/// So many watch already that nobody else may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{WATCHERS_MAX} watch already")]
pub struct TooManyWatch;

impl Overview {
    /// Shows these services, named without the prefix that they may have in the registry; collects on the runtime that this is
    /// called on.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn new<'s>(mesh: &Mesh, services: impl IntoIterator<Item = &'s str>) -> Self {
        let services = services.into_iter().map(|service| mesh.named(service));
        let shared = Shared {
            mesh: mesh.clone(),
            services: services.collect(),
            runtime: Handle::current(),
            collector: Mutex::default(),
            joining: Semaphore::new(traces::JOINED_MAX),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Watches from now on.
    ///
    /// # Errors
    /// While too many others watch.
    pub fn watch(&self) -> Result<Watcher, TooManyWatch> {
        let shared = &*self.shared;
        let mut collector = shared
            .collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at_work = collector.upgrade().filter(|shown| !shown.is_closed());
        if let Some(shown) = at_work {
            if shown.receiver_count() >= WATCHERS_MAX {
                return Err(TooManyWatch);
            }
            return Ok(self.watcher(shown.subscribe()));
        }
        let (shown, pictures) = watch::channel(None);
        let shown = Arc::new(shown);
        *collector = Arc::downgrade(&shown);
        let (mesh, services) = (shared.mesh.clone(), shared.services.clone());
        shared
            .runtime
            .spawn(collect::collect(mesh, services, shown));
        Ok(self.watcher(pictures))
    }

    fn watcher(&self, pictures: watch::Receiver<Option<Bytes>>) -> Watcher {
        Watcher {
            pictures,
            _watched: self.shared.mesh.kept().map(|kept| kept.watch()),
        }
    }
}

impl Watcher {
    /// The next picture, as JSON, at least twice in a second; `None` once there are no more, for the member leaves. Whoever
    /// is slow misses those between.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            self.pictures.changed().await.ok()?;
            if let Some(picture) = self.pictures.borrow_and_update().clone() {
                return Some(picture);
            }
        }
    }
}

impl fmt::Debug for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overview")
            .field("services", &self.shared.services)
            .finish_non_exhaustive()
    }
}
