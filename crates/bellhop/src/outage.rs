//! Tells of a failure that repeats: once when it begins, every minute while it goes on, and once when it is over.

use std::{
    future::pending,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// An outage is over when nothing has failed for this long: failures that come and go are one outage.
const QUIET: Duration = Duration::from_secs(10);

/// Somebody is told of an outage that goes on as often as this.
const TELL_EVERY: Duration = Duration::from_secs(60);

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
    told: Instant,
    untold: u64,
    /// Something went well since the last failure.
    well: bool,
}

/// An outage that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// How often it failed.
    pub failures: u64,
    /// From the first failure to the last.
    pub lasted: Duration,
}

impl Running {
    fn is_over(&self, now: Instant) -> bool {
        self.well && now.saturating_duration_since(self.last) >= QUIET
    }
}

impl Outage {
    /// Counts a failure. Whether it is the first, of which there is something to tell.
    #[must_use]
    pub fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        self.fail(&mut state, now).failures == 1
    }

    /// Counts a failure. How many there are to tell of: the first, and once a minute all those since.
    #[must_use]
    pub fn failed_again(&self, now: Instant) -> Option<u64> {
        let mut state = self.state();
        let running = self.fail(&mut state, now);
        let due = now.saturating_duration_since(running.told) >= TELL_EVERY;
        if running.failures > 1 && !due {
            return None;
        }
        running.told = now;
        Some(std::mem::take(&mut running.untold))
    }

    fn fail<'s>(&self, state: &'s mut Option<Running>, now: Instant) -> &'s mut Running {
        self.running.store(true, Ordering::Relaxed);
        // The last one may have ended with nobody there to be told.
        *state = state.take().filter(|running| !running.is_over(now));
        let running = state.get_or_insert(Running {
            since: now,
            last: now,
            failures: 0,
            told: now,
            untold: 0,
            well: false,
        });
        running.last = now.max(running.last);
        running.well = false;
        running.failures += 1;
        running.untold += 1;
        running
    }

    /// Whether there is an outage.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Says that it went well. What the outage was, where it is over with that.
    #[must_use]
    pub fn went_well(&self, now: Instant) -> Option<Over> {
        if !self.is_running() {
            return None;
        }
        let mut state = self.state();
        let running = state.as_mut()?;
        running.well = true;
        let running = *running;
        running.is_over(now).then(|| self.end(&mut state, running))
    }

    /// Waits for an outage to be over by itself: something went well, and nothing has failed for long enough.
    ///
    /// For work that comes so seldom that the next success would be late to end it. Who does something meanwhile asks anew.
    pub async fn over(&self) -> Over {
        loop {
            let well = self.state().filter(|running| running.well);
            let Some(running) = well else {
                return pending().await;
            };
            sleep_until(running.last + QUIET).await;
            if let Some(over) = self.went_well(Instant::now()) {
                return over;
            }
        }
    }

    /// Says that it is over, for one success ends it. What the outage was, where there was one.
    #[must_use]
    pub fn ended(&self) -> Option<Over> {
        if !self.is_running() {
            return None;
        }
        let mut state = self.state();
        let running = (*state)?;
        Some(self.end(&mut state, running))
    }

    fn end(&self, state: &mut Option<Running>, running: Running) -> Over {
        *state = None;
        self.running.store(false, Ordering::Relaxed);
        Over {
            failures: running.failures,
            lasted: running.last - running.since,
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<Running>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

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

    #[test]
    fn one_that_a_success_ends_is_over_at_once() {
        let (outage, start) = (Outage::default(), Instant::now());
        assert_eq!(outage.ended(), None);
        assert_eq!(outage.failed_again(start), Some(1));
        assert_eq!(outage.failed_again(start + Duration::from_secs(3)), None);
        let over = Over {
            failures: 2,
            lasted: Duration::from_secs(3),
        };
        assert_eq!(outage.ended(), Some(over));
        assert_eq!(outage.ended(), None);
        assert!(!outage.is_running());
    }

    #[test]
    fn failures_far_apart_are_two_outages_where_something_went_well_between() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let one = Over {
            failures: 1,
            lasted: Duration::ZERO,
        };
        let outage = Outage::default();
        assert!(outage.failed(at(0)));
        assert_eq!(outage.went_well(at(1)), None);
        assert!(outage.failed(at(3600)), "nobody was there to end it");
        assert_eq!(outage.went_well(at(3601)), None);
        assert_eq!(outage.went_well(at(3610)), Some(one));

        assert!(outage.failed(at(4000)));
        assert!(!outage.failed(at(7600)), "nothing went well");
        assert_eq!(
            outage.went_well(at(7610)).map(|over| over.failures),
            Some(2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_over_says_so_by_itself() {
        let (outage, start) = (Outage::default(), Instant::now());
        let over = async || timeout(60 * QUIET, outage.over()).await.ok();
        assert_eq!(over().await, None, "all is well");
        assert!(outage.failed(Instant::now()));
        assert_eq!(over().await, None, "nothing went well");
        assert!(!outage.failed(Instant::now()));
        assert_eq!(outage.went_well(Instant::now()), None);
        assert_eq!(over().await.map(|over| over.failures), Some(2));
        assert_eq!(start.elapsed(), 121 * QUIET);
        assert!(!outage.is_running());
    }

    #[test]
    fn one_that_goes_on_is_told_of_every_minute() {
        let (outage, start) = (Outage::default(), Instant::now());
        let told = |second| outage.failed_again(start + Duration::from_secs(second));
        let told: Vec<_> = (0..=180).map(told).collect();
        let at: Vec<_> = (0..=180).filter(|second| told[*second].is_some()).collect();
        assert_eq!(at, [0, 60, 120, 180]);
        assert_eq!((told[0], told[60]), (Some(1), Some(60)));
        assert_eq!(told.into_iter().flatten().sum::<u64>(), 181);
    }
}
