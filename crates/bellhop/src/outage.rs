//! Tells of a failure that repeats: once when it begins, and once when it is over.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// An outage is over when nothing has failed for this long: failures that come and go are one outage.
const QUIET: Duration = Duration::from_secs(10);

/// A failure that repeats, counted from its first time to its last.
///
/// While all is well it costs the load of one atomic.
#[derive(Debug, Default)]
pub struct Outage {
    running: AtomicBool,
    state: Mutex<Option<Running>>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    since: Instant,
    last: Instant,
    failures: u64,
}

/// An outage that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// How often it failed.
    pub failures: u64,
    /// From the first failure to the last.
    pub lasted: Duration,
}

impl Outage {
    /// Counts a failure. Whether it is the first, of which there is something to tell.
    #[must_use]
    pub fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        self.running.store(true, Ordering::Relaxed);
        match &mut *state {
            Some(running) => {
                running.last = now.max(running.last);
                running.failures += 1;
                false
            }
            None => {
                *state = Some(Running {
                    since: now,
                    last: now,
                    failures: 1,
                });
                true
            }
        }
    }

    /// Says that it went well. What the outage was, where it is over with that.
    #[must_use]
    pub fn went_well(&self, now: Instant) -> Option<Over> {
        if !self.running.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = self.state();
        let running = (*state)?;
        if now.saturating_duration_since(running.last) < QUIET {
            return None;
        }
        *state = None;
        self.running.store(false, Ordering::Relaxed);
        Some(Over {
            failures: running.failures,
            lasted: running.last - running.since,
        })
    }

    fn state(&self) -> MutexGuard<'_, Option<Running>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_twice_and_counted_between() {
        let (outage, start) = (Outage::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(outage.went_well(at(0)), None);
        assert!(outage.failed(at(1)));
        assert_eq!(outage.went_well(at(2)), None, "too soon to tell");
        assert!(!outage.failed(at(9)));
        assert_eq!(outage.went_well(at(18)), None);
        let over = Over {
            failures: 2,
            lasted: Duration::from_secs(8),
        };
        assert_eq!(outage.went_well(at(19)), Some(over));
        assert_eq!(outage.went_well(at(20)), None);
        assert!(outage.failed(at(21)), "the next one");
    }
}
