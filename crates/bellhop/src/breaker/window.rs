//! Calls and failures of the last while, in buckets of time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::state::Millis;

/// Of the time that a window spans, the part that is forgotten at once.
const BUCKETS: u64 = 10;

/// Calls of a bucket; what is above is not counted, and the rate stays right.
const COUNT_BITS: u32 = 20;
const MAX_COUNT: u64 = (1 << COUNT_BITS) - 1;
const CALL: u64 = 1;
const FAILURE: u64 = 1 << COUNT_BITS;
const EPOCH_SHIFT: u32 = 2 * COUNT_BITS;
const EPOCH_MASK: u64 = (1 << (64 - EPOCH_SHIFT)) - 1;

/// What happened within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) failures: u64,
}

impl Counts {
    /// Failures of a hundred calls; 0 where there was no call.
    pub(super) fn percent(&self) -> u64 {
        (100 * self.failures).checked_div(self.calls).unwrap_or(0)
    }
}

/// Calls and failures of the last while. Who counts takes no lock.
#[derive(Debug)]
pub(super) struct Window {
    /// The length of one bucket.
    width: Millis,
    /// Epoch, failures and calls in one word each.
    buckets: [AtomicU64; BUCKETS as usize],
}

impl Window {
    pub(super) fn new(span: Duration) -> Self {
        let width = span.as_millis() as u64 / BUCKETS;
        Self {
            width: width.max(1),
            buckets: Default::default(),
        }
    }

    /// Counts a call. One that is older than the window is left out.
    pub(super) fn record(&self, now: Millis, failed: bool) {
        let epoch = self.epoch(now);
        let bucket = &self.buckets[(epoch % BUCKETS) as usize];
        let one = CALL + if failed { FAILURE } else { 0 };
        let mut seen = bucket.load(Ordering::Relaxed);
        loop {
            if seen >> EPOCH_SHIFT == epoch & EPOCH_MASK {
                // A few may come at the same time: hence not up to the very last.
                if seen & MAX_COUNT < MAX_COUNT / 2 {
                    bucket.fetch_add(one, Ordering::Relaxed);
                }
                return;
            }
            if seen != 0 && age(epoch, seen) >= EPOCH_MASK / 2 {
                return;
            }
            let fresh = (epoch & EPOCH_MASK) << EPOCH_SHIFT | one;
            match bucket.compare_exchange(seen, fresh, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => seen = other,
            }
        }
    }

    /// What happened within the window that ends now.
    pub(super) fn counts(&self, now: Millis) -> Counts {
        let epoch = self.epoch(now);
        let buckets = self.buckets.iter().map(|word| word.load(Ordering::Relaxed));
        buckets
            .filter(|&word| word != 0 && age(epoch, word) < BUCKETS)
            .fold(Counts::default(), |sum, word| Counts {
                calls: sum.calls + (word & MAX_COUNT),
                failures: sum.failures + (word >> COUNT_BITS & MAX_COUNT),
            })
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        for bucket in &self.buckets {
            bucket.store(0, Ordering::Relaxed);
        }
    }

    fn epoch(&self, now: Millis) -> u64 {
        now / self.width
    }
}

/// How many buckets ago a word was begun; more than half of all epochs for one that is ahead.
fn age(epoch: u64, word: u64) -> u64 {
    epoch.wrapping_sub(word >> EPOCH_SHIFT) & EPOCH_MASK
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each call with its time: what a window stands for.
    #[derive(Default)]
    struct Model(Vec<(Millis, bool)>);

    impl Model {
        fn counts(&self, width: Millis, now: Millis) -> Counts {
            let within = self.0.iter().filter(|(at, _)| {
                let (at, now) = (at / width, now / width);
                at <= now && at + BUCKETS > now
            });
            within.fold(Counts::default(), |sum, &(_, failed)| Counts {
                calls: sum.calls + 1,
                failures: sum.failures + u64::from(failed),
            })
        }
    }

    proptest! {
        #[test]
        fn it_counts_what_the_model_counts(
            steps in proptest::collection::vec((0..3_000u64, any::<bool>(), any::<bool>()), 0..200),
        ) {
            let window = Window::new(Duration::from_secs(10));
            let (mut model, mut now) = (Model::default(), 0);
            for (wait, failed, jump) in steps {
                now += if jump { 5 * wait } else { wait / 10 };
                window.record(now, failed);
                model.0.push((now, failed));
                prop_assert_eq!(window.counts(now), model.counts(1_000, now));
                prop_assert_eq!(window.counts(now + wait), model.counts(1_000, now + wait));
            }
        }

        #[test]
        fn who_is_late_counts_in_its_own_time_or_not_at_all(
            late in 0..30_000u64, now in 30_000..60_000u64,
        ) {
            let window = Window::new(Duration::from_secs(10));
            window.record(now, false);
            window.record(now - late, true);
            let failures = u64::from(now / 1_000 - (now - late) / 1_000 < BUCKETS);
            prop_assert_eq!(window.counts(now), Counts { calls: 1 + failures, failures });
        }
    }

    #[test]
    fn no_count_runs_over() {
        let window = Window::new(Duration::from_secs(10));
        for _ in 0..MAX_COUNT {
            window.record(0, true);
        }
        assert_eq!(window.counts(0).percent(), 100);
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let window = Window::new(Duration::from_secs(10));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let window = &window;
                scope.spawn(move || {
                    for call in 0..5_000u64 {
                        window.record(call / 1_000 * 1_000, thread % 2 == 0);
                    }
                });
            }
        });
        let counts = window.counts(5_000);
        assert_eq!((counts.calls, counts.failures), (20_000, 10_000));
    }

    #[test]
    fn a_cleared_window_is_empty() {
        let window = Window::new(Duration::from_secs(1));
        window.record(5, true);
        window.clear();
        assert_eq!(window.counts(5), Counts::default());
    }
}
