//! What requests, probes and the clock share: the registry behind a lock, and word of its changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::state::State;

/// The registry as the tasks of one agent share it.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) address: std::net::SocketAddr,
    /// Cancelled when the agent stops: blocked queries end at once.
    pub(crate) closing: CancellationToken,
    /// One permit for each blocking query.
    pub(crate) waiting: Semaphore,
    state: Mutex<State>,
    revision: watch::Sender<u64>,
}

impl App {
    pub(crate) fn new(config: Config, address: std::net::SocketAddr) -> Self {
        let state = State::new(&config, address);
        Self {
            waiting: Semaphore::new(config.max_waiting),
            address,
            closing: CancellationToken::new(),
            revision: watch::Sender::new(state.revision()),
            state: Mutex::new(state),
            config,
        }
    }

    /// Looks at the registry.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the registry, and wakes who waits for a change if there was one.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State, std::time::Instant) -> T) -> T {
        let mut state = self.lock();
        let answer = change(&mut state, Instant::now().into_std());
        let revision = state.revision();
        drop(state);
        self.revision.send_if_modified(|known| {
            let grown = revision > *known;
            *known = revision.max(*known);
            grown
        });
        answer
    }

    /// Word of changes from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// A panic while the lock was held has harmed one request; the registry is still whole enough.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
