//! Faults that somebody asks for, to see what callers make of them: an instance that is late, fails or holds its answers.
//!
//! They are there only where a member was started with `BELLHOP_ALLOW_FAULTS=on`; else its services are not wrapped at all. They
//! end by themselves, after [`LONGEST`] at most. Questions after health are answered as ever: what callers see is theirs to notice.

mod report;
mod route;
mod wish;

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use tracing::warn;

pub use self::report::FaultReport;
pub(super) use self::route::Faulty;
#[cfg(test)]
use self::wish::BadWish;
pub(crate) use self::wish::Wish;

/// No fault is for longer, lest somebody forgets it.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);

/// What a member does to its answers, and until when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) wish: Wish,
    pub(crate) until: Instant,
}

/// The faults of one member; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    standing: Arc<watch::Sender<Option<Fault>>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            standing: Arc::new(watch::Sender::new(None)),
        }
    }
}

impl Faults {
    /// What is in force at this time.
    pub(crate) fn standing(&self, now: Instant) -> Option<Fault> {
        let standing = *self.standing.borrow();
        standing.filter(|fault| now < fault.until)
    }

    /// Does as somebody wishes from now on, in the place of what was in force; says so in the log.
    pub(crate) fn set(&self, now: Instant, wish: Wish, by: &str) {
        let until = now + wish.lasts;
        warn!(
            by,
            latency = ?wish.latency,
            errors = wish.errors,
            paused = wish.paused,
            lasts = ?wish.lasts,
            "faults are asked for"
        );
        self.standing.send_replace(Some(Fault { wish, until }));
    }

    /// Waits until the time of what is in force is over, and says so in the log; nothing where it ends or changes before.
    pub(crate) async fn outlast(self) {
        let mut changes = self.standing.subscribe();
        let Some(fault) = *changes.borrow_and_update() else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep_until(fault.until) => self.expire(fault),
            _ = changes.changed() => {}
        }
    }

    fn expire(&self, fault: Fault) {
        let is_over = self.standing.send_if_modified(|standing| {
            let is_it = *standing == Some(fault);
            if is_it {
                *standing = None;
            }
            is_it
        });
        if is_over {
            warn!("faults are over, for their time is");
        }
    }

    /// Ends what is in force.
    pub(crate) fn end(&self, by: &str) {
        if self.standing.send_replace(None).is_some() {
            warn!(by, "faults are ended");
        }
    }

    /// Waits until a call may be handled; `false` where it is to fail, as the part of calls below `errors` is.
    async fn admit(&self, chance: f64) -> bool {
        let mut changes = self.standing.subscribe();
        let mut is_late = false;
        loop {
            let standing = *changes.borrow_and_update();
            let Some(fault) = standing.filter(|fault| Instant::now() < fault.until) else {
                return true;
            };
            let Wish {
                latency, paused, ..
            } = fault.wish;
            if !paused && (is_late || latency.is_zero()) {
                return chance >= fault.wish.errors;
            }
            // Who holds its answers looks again when that ends; what was late is late once.
            let wake = if paused {
                fault.until
            } else {
                (Instant::now() + latency).min(fault.until)
            };
            tokio::select! {
                () = tokio::time::sleep_until(wake) => is_late = true,
                _ = changes.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
