//! How often something happens of late, out of what was counted of it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use crate::telemetry::metrics::BOUNDS;

/// What happened before that is not of late.
const WINDOW: Duration = Duration::from_secs(5);
/// Counts that are older say nothing of now.
const STALE: Duration = Duration::from_secs(3);

/// What was counted up to a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub(super) begun: u64,
    pub(super) failed: u64,
    /// Those that are over, by how long they took; empty where nobody says.
    pub(super) took: Vec<u64>,
}

/// How often something happened of late.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    /// Of it, what failed in each second.
    pub(super) failed: f64,
    took: Vec<u64>,
}

/// Counts by what is counted.
#[derive(Debug)]
pub(super) struct Rates<K>(BTreeMap<K, VecDeque<(Instant, Count)>>);

impl<K> Default for Rates<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Rates<K> {
    /// Notes what was counted up to `at`. A count that went backwards began anew.
    pub(super) fn note(&mut self, at: Instant, key: K, count: Count) {
        let counts = self.0.entry(key).or_default();
        if let Some((last, before)) = counts.back() {
            if *last >= at {
                return;
            }
            if count.begun < before.begun || count.failed < before.failed {
                counts.clear();
            }
        }
        counts.push_back((at, count));
        // One that is older than the window is where the window begins.
        while counts.get(1).is_some_and(|(next, _)| *next + WINDOW <= at) {
            counts.pop_front();
        }
    }

    /// How often it happened of late; `None` where that is not known.
    pub(super) fn rate(&self, now: Instant, key: &K) -> Option<Rate> {
        let counts = self.0.get(key)?;
        let ((since, first), (until, last)) = (counts.front()?, counts.back()?);
        let seconds = until.saturating_duration_since(*since).as_secs_f64();
        if seconds == 0.0 || *until + STALE < now {
            return None;
        }
        let took = last.took.iter().enumerate();
        let before = |bucket| first.took.get(bucket).copied().unwrap_or_default();
        Some(Rate {
            per_second: (last.begun - first.begun) as f64 / seconds,
            failed: (last.failed - first.failed) as f64 / seconds,
            took: took
                .map(|(bucket, count)| count.saturating_sub(before(bucket)))
                .collect(),
        })
    }

    /// Forgets what nobody counts any more.
    pub(super) fn forget(&mut self, now: Instant) {
        let is_late = |(at, _): &(Instant, Count)| *at + WINDOW >= now;
        self.0
            .retain(|_, counts| counts.back().is_some_and(is_late));
    }
}

impl Rate {
    /// The part that failed; `None` where nothing happened.
    pub(super) fn errors(&self) -> Option<f64> {
        // What fails now may have begun before.
        let all = self.per_second.max(self.failed);
        (all > 0.0).then(|| self.failed / all)
    }

    /// How long the given part took at most, in milliseconds, as exactly as the buckets tell.
    pub(super) fn quantile_ms(&self, part: f64) -> Option<f64> {
        let total: u64 = self.took.iter().sum();
        let mut left = part * total as f64;
        let mut lower = 0.0;
        for (bucket, count) in self.took.iter().enumerate() {
            let upper = BOUNDS.get(bucket).copied().unwrap_or(lower);
            let count = *count as f64;
            if count > 0.0 && left <= count {
                return Some((lower + (upper - lower) * left / count) * 1000.0);
            }
            (left, lower) = (left - count, upper);
        }
        None
    }
}

impl std::ops::AddAssign<&Self> for Rate {
    fn add_assign(&mut self, other: &Self) {
        self.per_second += other.per_second;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(begun: u64, failed: u64) -> Count {
        Count {
            begun,
            failed,
            took: Vec::new(),
        }
    }

    #[test]
    fn one_count_tells_no_rate_and_an_old_one_none_either() {
        let (start, mut rates) = (Instant::now(), Rates::default());
        rates.note(start, "a", count(100, 0));
        assert_eq!(rates.rate(start, &"a"), None);
        let next = start + Duration::from_secs(1);
        rates.note(next, "a", count(110, 5));
        let rate = rates.rate(next, &"a").unwrap();
        assert_eq!((rate.per_second, rate.failed), (10.0, 5.0));
        assert_eq!(rate.errors(), Some(0.5));
        assert_eq!(rates.rate(next + STALE + WINDOW, &"a"), None);
        rates.forget(next + WINDOW * 2);
        assert_eq!(rates.rate(next, &"a"), None);
    }

    #[test]
    fn a_count_that_goes_backwards_begins_anew() {
        let (start, mut rates) = (Instant::now(), Rates::default());
        let second = Duration::from_secs(1);
        rates.note(start, "a", count(100, 0));
        rates.note(start + second, "a", count(3, 0));
        assert_eq!(rates.rate(start + second, &"a"), None);
        rates.note(start + second * 2, "a", count(7, 0));
        let rate = rates.rate(start + second * 2, &"a").unwrap();
        assert_eq!((rate.per_second, rate.errors()), (4.0, Some(0.0)));
    }

    #[test]
    fn quantiles_lie_where_the_buckets_have_them() {
        let rate = |took: &[u64]| Rate {
            took: took.to_vec(),
            ..Rate::default()
        };
        assert_eq!(rate(&[]).quantile_ms(0.5), None);
        assert_eq!(rate(&[0; 15]).quantile_ms(0.5), None);
        assert_eq!(rate(&[10]).quantile_ms(0.5), Some(2.5));
        let mut took = [0; 15];
        (took[1], took[14]) = (1, 1);
        assert_eq!(rate(&took).quantile_ms(0.5), Some(10.0));
        // Nothing is known of what is above all bounds.
        assert_eq!(rate(&took).quantile_ms(0.99), Some(10_000.0));
    }

    proptest! {
        #[test]
        fn a_steady_rate_is_told_whenever_it_is_asked_after(
            per_second in 0_u64..10_000,
            pauses in proptest::collection::vec(1_u64..900, 2..60),
        ) {
            let (start, mut rates) = (Instant::now(), Rates::default());
            let mut millis = 0;
            for pause in pauses {
                millis += pause;
                let now = start + Duration::from_millis(millis);
                rates.note(now, (), count(millis * per_second, 0));
                if let Some(rate) = rates.rate(now, &()) {
                    prop_assert!((rate.per_second - per_second as f64 * 1000.0).abs() < 0.001 * (1.0 + rate.per_second));
                }
            }
            prop_assert!(rates.rate(start + Duration::from_millis(millis), &()).is_some());
        }
    }
}
