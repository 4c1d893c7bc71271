//! A histogram that takes no lock.

use std::{
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use opentelemetry::trace::SpanContext;

/// What the conventions advise for durations, in seconds.
pub(crate) const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The same in nanoseconds, which is what is compared.
const BOUNDS_NANOS: [u64; 14] = {
    let mut nanos = [0; 14];
    let mut index = 0;
    while index < 14 {
        // The nearest whole one: a hundredth has no exact fraction.
        nanos[index] = (BOUNDS[index] * 1e9 + 0.5) as u64;
        index += 1;
    }
    nanos
};

/// One for each bound, and one for what is above all of them.
pub(crate) const BUCKETS: usize = BOUNDS.len() + 1;

/// How durations spread: recorded by two additions, read while others record.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BUCKETS],
    /// In nanoseconds: five hundred years of them before it overflows.
    sum: AtomicU64,
    /// Only where calls are traced.
    exemplars: OnceLock<Box<Mutex<Exemplars>>>,
}

/// The last one of each bucket.
pub(crate) type Exemplars = [Option<Exemplar>; BUCKETS];

/// A call that was traced, as an example of those in its bucket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    /// In seconds.
    pub(crate) value: f64,
    pub(crate) at: SystemTime,
}

/// What a histogram held when it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Distribution {
    pub(crate) counts: [u64; BUCKETS],
    /// In seconds.
    pub(crate) sum: f64,
    pub(crate) exemplars: Exemplars,
}

impl Histogram {
    /// Adds a duration; `span` is the one that was recorded of it.
    pub(crate) fn record(&self, took: Duration, span: Option<&SpanContext>) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_NANOS.partition_point(|bound| *bound < nanos);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(nanos, Relaxed);
        if let Some(span) = span {
            self.exemplify(bucket, took, span);
        }
    }

    fn exemplify(&self, bucket: usize, took: Duration, span: &SpanContext) {
        let exemplars = self.exemplars.get_or_init(Box::default);
        // Where somebody else is at it there will be another example soon.
        if let Ok(mut exemplars) = exemplars.try_lock() {
            exemplars[bucket] = Some(Exemplar {
                trace_id: span.trace_id().to_bytes(),
                span_id: span.span_id().to_bytes(),
                value: took.as_secs_f64(),
                at: SystemTime::now(),
            });
        }
    }

    /// Whether anything was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| count.load(Relaxed) == 0)
    }

    /// What it holds.
    pub(crate) fn read(&self) -> Distribution {
        let exemplars = self.exemplars.get();
        let exemplars = exemplars.and_then(|exemplars| exemplars.lock().ok());
        Distribution {
            counts: self.counts.each_ref().map(|count| count.load(Relaxed)),
            sum: Duration::from_nanos(self.sum.load(Relaxed)).as_secs_f64(),
            exemplars: exemplars.map_or_else(Exemplars::default, |exemplars| exemplars.clone()),
        }
    }
}

impl Distribution {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds those of another.
    pub(crate) fn add(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum += other.sum;
        for (exemplar, other) in self.exemplars.iter_mut().zip(other.exemplars) {
            let newer = match (&*exemplar, &other) {
                (Some(ours), Some(theirs)) => theirs.at > ours.at,
                (ours, _) => ours.is_none(),
            };
            if newer {
                *exemplar = other;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState};
    use proptest::prelude::*;

    use super::*;

    fn span(id: u128) -> SpanContext {
        let flags = TraceFlags::SAMPLED;
        let (trace, span) = (TraceId::from(id), SpanId::from(id as u64));
        SpanContext::new(trace, span, flags, false, TraceState::default())
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for bound in BOUNDS {
            histogram.record(Duration::from_secs_f64(bound), None);
        }
        histogram.record(Duration::from_secs(11), None);
        assert_eq!(histogram.read().counts, [1; BUCKETS]);
    }

    #[test]
    fn the_last_traced_call_of_a_bucket_is_its_example() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_millis(1), Some(&span(1)));
        histogram.record(Duration::from_millis(2), Some(&span(2)));
        histogram.record(Duration::from_millis(3), None);
        histogram.record(Duration::from_secs(20), Some(&span(3)));
        let exemplars = histogram.read().exemplars;
        let value = |bucket: usize| exemplars[bucket].as_ref().map(|exemplar| exemplar.value);
        assert_eq!((value(0), value(1)), (Some(0.002), None));
        let last = exemplars[BUCKETS - 1].as_ref().unwrap();
        assert_eq!(last.trace_id, 3u128.to_be_bytes());
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        let histogram = Histogram::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for nanos in 0..10_000 {
                        histogram.record(Duration::from_nanos(nanos), Some(&span(1)));
                    }
                });
            }
        });
        let read = histogram.read();
        assert_eq!(read.count(), 40_000);
        assert!((read.sum - 4.0 * 49_995e3 / 1e9).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn it_counts_as_one_who_compares_with_each_bound(
            millis in proptest::collection::vec(0..20_000u64, 0..100),
        ) {
            let histogram = Histogram::default();
            let mut expected = [0; BUCKETS];
            for millis in millis {
                histogram.record(Duration::from_millis(millis), None);
                let bucket = BOUNDS.iter().position(|bound| millis as f64 / 1e3 <= *bound);
                expected[bucket.unwrap_or(BUCKETS - 1)] += 1;
            }
            prop_assert_eq!(histogram.read().counts, expected);
        }
    }
}
