//! How many further attempts a process may make of calls to one service: a share of the calls, and a few each second whatever
//! happens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// A further attempt costs this much, of which a call earns a share.
const ATTEMPT: u64 = 1_000;

/// No more than this many attempts are saved up: as many calls as may be lost together with one instance.
const SAVINGS: u64 = 1_000;

/// What a budget allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Allowance {
    /// Thousandths of a further attempt that each call earns.
    pub(crate) per_mille: u64,
    /// Attempts in each second that nobody needs to earn.
    pub(crate) floor: u32,
}

/// A retry budget: when much fails, trying everything again would only add to the load that makes it fail.
///
/// All shards of a process share it. It takes no lock.
#[derive(Debug)]
pub(crate) struct Budget {
    allowance: Allowance,
    /// In attempts.
    saved: AtomicU64,
    origin: Instant,
    /// When all of a second's floor is there again, in nanoseconds from `origin`.
    full: AtomicU64,
}

/// What the calls of one channel add to a budget.
///
/// A call is counted where no other thread counts; what all threads share is touched once for each whole attempt.
#[derive(Debug)]
pub(super) struct Earner {
    budget: Arc<Budget>,
    /// All of it so far, in thousandths of an attempt.
    earned: AtomicU64,
}

impl Budget {
    /// Nothing saved, and the floor of one second there.
    pub(crate) fn new(allowance: Allowance, now: Instant) -> Self {
        Self {
            allowance,
            saved: AtomicU64::new(0),
            origin: now,
            full: AtomicU64::new(0),
        }
    }

    /// Saves an attempt.
    fn save(&self) {
        // Two at once may save one too much, which is no harm.
        if self.saved.load(Relaxed) < SAVINGS {
            self.saved.fetch_add(1, Relaxed);
        }
    }

    /// Takes a further attempt, if there is one: of the floor first, for it cannot be saved.
    fn spend(&self, now: Instant) -> bool {
        self.spend_floor(now)
            || self
                .saved
                .fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(1))
                .is_ok()
    }

    /// How many further attempts could be made at once.
    pub(crate) fn left(&self, now: Instant) -> u64 {
        self.floor_left(now) + self.saved.load(Relaxed)
    }

    fn floor_left(&self, now: Instant) -> u64 {
        let Some(refill) = Duration::from_secs(1).checked_div(self.allowance.floor) else {
            return 0;
        };
        let now = nanos(now.saturating_duration_since(self.origin));
        let missing = self.full.load(Relaxed).saturating_sub(now);
        u64::from(self.allowance.floor).saturating_sub(missing.div_ceil(nanos(refill)))
    }

    fn spend_floor(&self, now: Instant) -> bool {
        let Some(refill) = Duration::from_secs(1).checked_div(self.allowance.floor) else {
            return false;
        };
        let refill = nanos(refill);
        let slack = refill * u64::from(self.allowance.floor - 1);
        let now = nanos(now.saturating_duration_since(self.origin));
        let take = |full: u64| {
            let full = full.max(now);
            (full - now <= slack).then_some(full + refill)
        };
        self.full.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

impl Earner {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            earned: AtomicU64::new(0),
        }
    }

    /// Counts a call.
    pub(super) fn earn(&self) {
        let share = self.budget.allowance.per_mille;
        let before = self.earned.fetch_add(share, Relaxed);
        // No call earns more than one.
        if before / ATTEMPT != (before + share) / ATTEMPT {
            self.budget.save();
        }
    }

    /// Takes a further attempt, if there is one.
    pub(super) fn spend(&self, now: Instant) -> bool {
        self.budget.spend(now)
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIFTH: Allowance = Allowance {
        per_mille: 200,
        floor: 10,
    };

    fn earner(allowance: Allowance, now: Instant) -> Earner {
        Earner::new(Arc::new(Budget::new(allowance, now)))
    }

    fn spent(earner: &Earner, now: Instant) -> usize {
        (0..).take_while(|_| earner.spend(now)).count()
    }

    #[test]
    fn a_fifth_of_the_calls_and_ten_a_second() {
        let start = Instant::now();
        let budget = earner(FIFTH, start);
        assert_eq!(budget.budget.left(start), 10);
        assert_eq!(spent(&budget, start), 10, "the floor");
        assert_eq!(budget.budget.left(start), 0);
        (0..100).for_each(|_| budget.earn());
        assert_eq!(spent(&budget, start), 20, "a fifth");
        assert_eq!(spent(&budget, start + Duration::from_millis(500)), 5);
        assert_eq!(spent(&budget, start + Duration::from_secs(3600)), 10);
    }

    #[test]
    fn savings_are_bounded() {
        let start = Instant::now();
        let budget = earner(FIFTH, start);
        (0..1_000_000).for_each(|_| budget.earn());
        assert_eq!(spent(&budget, start), 1_010);
    }

    #[test]
    fn nothing_is_lost_or_made_up_where_many_threads_earn() {
        let start = Instant::now();
        let budget = Arc::new(Budget::new(FIFTH, start));
        let earners: Vec<_> = (0..4).map(|_| Earner::new(budget.clone())).collect();
        std::thread::scope(|threads| {
            for earner in earners.iter().cycle().take(8) {
                threads.spawn(|| (0..500).for_each(|_| earner.earn()));
            }
        });
        assert_eq!(spent(&earners[0], start), 10 + 800);
        assert_eq!(spent(&earners[1], start), 0);
    }

    #[test]
    fn no_floor_is_no_floor() {
        let start = Instant::now();
        let none = Allowance {
            per_mille: 0,
            floor: 0,
        };
        let budget = earner(none, start);
        budget.earn();
        assert!(!budget.spend(start));
    }

    const CHANNELS: usize = 3;

    /// The same by counting: a bucket of a second's floor that fills steadily, and a purse for what each channel has earned.
    struct Model {
        allowance: Allowance,
        /// In billionths of an attempt.
        bucket: u64,
        purses: [u64; CHANNELS],
        spent: u64,
        at: u64,
    }

    impl Model {
        const WHOLE: u64 = 1_000_000_000;

        fn spend(&mut self, millis: u64) -> bool {
            let floor = u64::from(self.allowance.floor);
            let filled = self.bucket + (millis - self.at) * floor * Self::WHOLE / 1_000;
            self.bucket = filled.min(floor * Self::WHOLE);
            self.at = millis;
            if self.bucket >= Self::WHOLE {
                self.bucket -= Self::WHOLE;
                return true;
            }
            let earned: u64 = self.purses.iter().map(|purse| purse / ATTEMPT).sum();
            let enough = earned > self.spent;
            self.spent += u64::from(enough);
            enough
        }
    }

    proptest! {
        #[test]
        fn it_does_what_the_model_does(
            // Such that a refill takes whole nanoseconds.
            floor in proptest::sample::select(vec![0u32, 1, 2, 5, 10, 100]),
            per_mille in 0..=1_000u64,
            steps in proptest::collection::vec((0..400u64, 0..CHANNELS, any::<bool>()), 1..400),
        ) {
            let allowance = Allowance { per_mille, floor };
            let start = Instant::now();
            let budget = Arc::new(Budget::new(allowance, start));
            let earners: Vec<_> = (0..CHANNELS).map(|_| Earner::new(budget.clone())).collect();
            let bucket = u64::from(floor) * Model::WHOLE;
            let mut model = Model { allowance, bucket, purses: [0; CHANNELS], spent: 0, at: 0 };
            let mut millis = 0;
            for (pause, channel, is_call) in steps {
                millis += pause / 10;
                if is_call {
                    earners[channel].earn();
                    model.purses[channel] += per_mille;
                } else {
                    let now = start + Duration::from_millis(millis);
                    let left = budget.left(now);
                    let spent = earners[channel].spend(now);
                    prop_assert_eq!(spent, model.spend(millis));
                    prop_assert_eq!(left > 0, spent);
                }
            }
        }
    }
}
