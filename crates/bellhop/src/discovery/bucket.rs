//! A token bucket: bursts are fine, going on like that is not.

use std::time::Duration;

use tokio::time::Instant;

/// Lets a burst through at once and then one more each `refill`.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    slack: Duration,
    refill: Duration,
    /// When the bucket will be full again; `None` while it never was used.
    full: Option<Instant>,
}

/// A bucket that lets nothing through, or anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a burst and the time of a refill must be above zero")]
pub(crate) struct InvalidBucket;

impl Bucket {
    /// A full bucket of `burst` tokens, one more each `refill`.
    pub(crate) const fn try_new(burst: u32, refill: Duration) -> Result<Self, InvalidBucket> {
        if burst == 0 || refill.is_zero() {
            return Err(InvalidBucket);
        }
        Ok(Self {
            slack: refill.saturating_mul(burst - 1),
            refill,
            full: None,
        })
    }

    /// Takes a token; the time until it is there.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        let full = self.full.map_or(now, |full| full.max(now));
        self.full = Some(full + self.refill);
        full.duration_since(now).saturating_sub(self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFILL: Duration = Duration::from_millis(200);

    #[test]
    fn a_bucket_of_nothing_is_refused() {
        assert_eq!(Bucket::try_new(0, REFILL).unwrap_err(), InvalidBucket);
        assert_eq!(
            Bucket::try_new(1, Duration::ZERO).unwrap_err(),
            InvalidBucket
        );
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_at_a_time() {
        let mut bucket = Bucket::try_new(3, REFILL).unwrap();
        let now = Instant::now();
        let waits: Vec<_> = (0..5).map(|_| bucket.take(now)).collect();
        assert_eq!(
            waits,
            [
                Duration::ZERO,
                Duration::ZERO,
                Duration::ZERO,
                REFILL,
                2 * REFILL
            ]
        );
    }

    #[test]
    fn rest_fills_it_again_and_no_further() {
        let mut bucket = Bucket::try_new(2, REFILL).unwrap();
        let now = Instant::now();
        assert_eq!(bucket.take(now), Duration::ZERO);
        assert_eq!(bucket.take(now), Duration::ZERO);
        let later = now + Duration::from_secs(60);
        assert_eq!(bucket.take(later), Duration::ZERO);
        assert_eq!(bucket.take(later), Duration::ZERO);
        assert_eq!(bucket.take(later), REFILL);
    }
}
