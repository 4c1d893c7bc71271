//! An instance, as all supervisors of it share it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    breaker::{Breaker, Gate},
    endpoint::{
        Target,
        tally::{Tallies, Tally},
    },
    identity::Recognition,
};

/// An instance, as all supervisors of it share it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(super) target: Arc<Target>,
    pub(super) breaker: Option<Arc<Breaker>>,
    /// `None` where strangers are welcome.
    pub(super) recognition: Option<Recognition>,
    /// Whether it takes turns while it is connected.
    pub(super) turn: watch::Sender<bool>,
    pub(super) tallies: Tallies,
}

impl Member {
    /// Says whether it is to take turns.
    pub(super) fn take_turns(&self, turn: bool) {
        self.turn.send_replace(turn);
    }

    /// Whether it is to take turns, now and later.
    pub(in crate::endpoint) fn turn(&self) -> watch::Receiver<bool> {
        self.turn.subscribe()
    }

    /// Where one more shard counts its calls.
    pub(in crate::endpoint) fn tally(&self) -> Arc<Tally> {
        self.tallies.join()
    }

    /// Whether who answers is it; `None` where nobody wants to know.
    pub(in crate::endpoint) fn recognition(&self) -> Option<&Recognition> {
        self.recognition.as_ref()
    }

    /// What a connection has of the instance's breaker.
    pub(in crate::endpoint) fn gate(&self) -> Option<Arc<Gate>> {
        self.breaker.clone().map(Gate::new)
    }
}
