//! How long to wait between attempts: exponential, with jitter.

use std::time::Duration;

/// Exponential delays between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    min: Duration,
    max: Duration,
}

/// Bounds that make no backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidBackoff {
    #[error("the shortest delay must be above zero")]
    Zero,
    #[error("the shortest delay must not be above the longest")]
    Inverted,
}

impl Backoff {
    /// Delays from `min`, doubled with each failure, up to `max`.
    pub(crate) const fn try_new(min: Duration, max: Duration) -> Result<Self, InvalidBackoff> {
        if min.is_zero() {
            return Err(InvalidBackoff::Zero);
        }
        if min.as_nanos() > max.as_nanos() {
            return Err(InvalidBackoff::Inverted);
        }
        Ok(Self { min, max })
    }

    /// The delay after so many failures in a row (1 for the first), given a random number in `0.0..1.0`.
    ///
    /// Half of it is fixed and half is random: peers that failed together come back apart, and nobody comes back at once.
    pub(crate) fn delay(&self, failures: u32, random: f64) -> Duration {
        let half = self.longest(failures) / 2;
        half.saturating_add(half.mul_f64(random.clamp(0.0, 1.0)))
    }

    /// The same with full jitter: anything from none to all of it. For calls, whose callers wait: many that failed together
    /// come back evenly spread, and some of them at once.
    pub(crate) fn full_jitter(&self, failures: u32, random: f64) -> Duration {
        self.longest(failures).mul_f64(random.clamp(0.0, 1.0))
    }

    fn longest(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.min.saturating_mul(1 << doublings).min(self.max)
    }
}

/// Counts failures in a row and says how long to wait after each.
#[derive(Clone, Debug)]
pub(crate) struct Retries {
    backoff: Backoff,
    failures: u32,
}

impl Retries {
    /// No failure yet.
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            failures: 0,
        }
    }

    /// Counts a failure; the wait before the next attempt, given a random number in `0.0..1.0`.
    pub(crate) fn failed(&mut self, random: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.backoff.delay(self.failures, random)
    }

    /// Forgets the failures.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn impossible_bounds_are_refused() {
        assert_eq!(Backoff::try_new(ms(0), ms(1)), Err(InvalidBackoff::Zero));
        assert_eq!(
            Backoff::try_new(ms(2), ms(1)),
            Err(InvalidBackoff::Inverted)
        );
        assert!(Backoff::try_new(ms(1), ms(1)).is_ok());
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut retries = Retries::new(Backoff::try_new(ms(100), ms(1000)).unwrap());
        let delays: Vec<_> = (0..6).map(|_| retries.failed(1.0)).collect();
        assert_eq!(
            delays,
            [ms(100), ms(200), ms(400), ms(800), ms(1000), ms(1000)]
        );

        retries.succeeded();
        assert_eq!(retries.failed(1.0), ms(100));
    }

    #[test]
    fn chance_shortens_a_delay_by_half_at_most() {
        let backoff = Backoff::try_new(ms(100), ms(1000)).unwrap();
        assert_eq!(backoff.delay(4, 0.0), ms(400));
        assert_eq!(backoff.delay(4, 0.5), ms(600));
        assert_eq!(backoff.delay(4, 1.0), ms(800));
    }

    proptest! {
        #[test]
        fn delays_are_the_doubled_one_times_chance_or_half_of_it(
            min in 1..10_000u64,
            above in 0..100_000u64,
            failures in 0..40u32,
            random in 0.0..1.0f64,
        ) {
            let backoff = Backoff::try_new(ms(min), ms(min + above)).unwrap();
            let mut longest = ms(min);
            for _ in 1..failures {
                longest = (2 * longest).min(ms(min + above));
            }
            prop_assert_eq!(backoff.full_jitter(failures, random), longest.mul_f64(random));
            let half = longest / 2;
            prop_assert_eq!(backoff.delay(failures, random), half + half.mul_f64(random));
        }
    }

    #[test]
    fn no_count_of_failures_overflows() {
        let backoff = Backoff::try_new(ms(100), Duration::MAX).unwrap();
        assert!(backoff.delay(u32::MAX, 1.0) > Duration::from_secs(3600));
    }
}
