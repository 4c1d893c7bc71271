//! How long calls took of late, for a handful of atomics.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// Four buckets for each doubling, from a microsecond to a minute: half a bucket is an error of about a tenth.
const BUCKETS: usize = 100;
const PER_DOUBLING: u32 = 4;

/// Answers of the last one to two of these count, in milliseconds.
const SPAN: u64 = 30_000;

/// How long calls took of late. Writers that meet at the end of a span may lose a call between them.
#[derive(Debug)]
pub(crate) struct Latencies {
    spans: [Span; 2],
}

/// The calls of one span of time.
#[derive(Debug)]
struct Span {
    number: AtomicU64,
    counts: [AtomicU32; BUCKETS],
}

/// Calls by how long they took, of any number of shards.
#[derive(Clone, Debug)]
pub(crate) struct Counts([u64; BUCKETS]);

impl Latencies {
    /// Notes how long a call took, given the time in milliseconds.
    pub(super) fn note(&self, now: u64, took: Duration) {
        let number = now / SPAN;
        let span = &self.spans[(number % 2) as usize];
        let known = span.number.load(Ordering::Relaxed);
        if known != number && span.begin(known, number) {
            for count in &span.counts {
                count.store(0, Ordering::Relaxed);
            }
        }
        span.counts[bucket(took)].fetch_add(1, Ordering::Relaxed);
    }

    /// Adds what is of late.
    pub(super) fn add_to(&self, counts: &mut Counts, now: u64) {
        let number = now / SPAN;
        for span in &self.spans {
            let known = span.number.load(Ordering::Relaxed);
            if known != number && known + 1 != number {
                continue;
            }
            for (sum, count) in counts.0.iter_mut().zip(&span.counts) {
                *sum += u64::from(count.load(Ordering::Relaxed));
            }
        }
    }
}

impl Span {
    fn begin(&self, known: u64, number: u64) -> bool {
        self.number
            .compare_exchange(known, number, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}

impl Default for Latencies {
    fn default() -> Self {
        let span = || Span {
            number: AtomicU64::new(0),
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
        };
        Self {
            spans: [span(), span()],
        }
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Counts {
    /// How many calls there were.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What this share of the calls did not exceed, of a thousand; `None` where there were none.
    pub(crate) fn quantile(&self, per_mille: u64) -> Option<Duration> {
        let rank = (self.total() * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(middle(bucket))
    }
}

/// The bucket of a duration: below four microseconds each has its own, above the two bits after the highest count.
fn bucket(took: Duration) -> usize {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    if micros < PER_DOUBLING {
        return micros as usize;
    }
    let exponent = micros.ilog2();
    let within = (micros >> (exponent - 2)) & (PER_DOUBLING - 1);
    (((exponent - 1) * PER_DOUBLING + within) as usize).min(BUCKETS - 1)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> Duration {
    let bucket = bucket as u64;
    let doubling = u64::from(PER_DOUBLING);
    if bucket < doubling {
        return Duration::from_micros(bucket);
    }
    let (exponent, within) = (bucket / doubling + 1, bucket % doubling);
    let width = 1 << (exponent - 2);
    Duration::from_nanos(((doubling + within) * width * 1000) + width * 500)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(latencies: &Latencies, now: u64) -> Counts {
        let mut counts = Counts::default();
        latencies.add_to(&mut counts, now);
        counts
    }

    #[test]
    fn quantiles_are_those_of_the_calls() {
        let latencies = Latencies::default();
        for millis in 1..=100 {
            latencies.note(5, Duration::from_millis(millis));
        }
        let counts = of(&latencies, 5);
        assert_eq!(counts.total(), 100);
        for (per_mille, millis) in [(500, 50.0), (990, 99.0), (0, 1.0)] {
            let found = counts.quantile(per_mille).unwrap().as_secs_f64() * 1000.0;
            assert!((found / millis - 1.0).abs() < 0.13, "{per_mille}: {found}");
        }
        assert_eq!(Counts::default().quantile(500), None);
    }

    #[test]
    fn what_is_long_ago_counts_no_more() {
        let latencies = Latencies::default();
        let took = Duration::from_millis(1);
        latencies.note(SPAN - 1, took);
        assert_eq!(of(&latencies, 2 * SPAN - 1).total(), 1);
        assert_eq!(of(&latencies, 2 * SPAN).total(), 0);
        latencies.note(2 * SPAN, took);
        assert_eq!(of(&latencies, 2 * SPAN).total(), 1);
    }

    proptest! {
        #[test]
        fn a_bucket_is_near_what_it_stands_for(micros in 4_u64..60_000_000) {
            let took = Duration::from_micros(micros);
            let shown = middle(bucket(took)).as_secs_f64() / took.as_secs_f64();
            prop_assert!((0.87..1.14).contains(&shown), "{shown}");
        }

        #[test]
        fn longer_is_never_less(micros in 0_u64..100_000_000) {
            let (one, next) = (Duration::from_micros(micros), Duration::from_micros(micros + 1));
            prop_assert!(bucket(one) <= bucket(next));
        }
    }
}
