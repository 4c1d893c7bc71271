//! How many traces are kept: so many in a second, so that a load costs no more than a trickle.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

/// Traces that begin in a second while nobody looks. A hop that is kept costs some microseconds.
pub(super) const UNWATCHED: u32 = 20;
/// The same while somebody does: all of what the load button of a page sends.
pub(super) const WATCHED: u32 = 200;
/// Besides, of requests that ask to have their answer explained: those of a page, which are few.
pub(super) const EXPLAINED: u32 = 20;
/// Calls that come in with a trace that is kept, whoever says so.
pub(super) const FOLLOWED: u32 = 1000;

/// Decides which traces are kept.
#[derive(Debug)]
pub(super) struct Admission {
    start: Instant,
    begun: Second,
    explained: Second,
    followed: Second,
}

impl Admission {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            begun: Second::default(),
            explained: Second::default(),
            followed: Second::default(),
        }
    }

    /// Whether a trace may begin now.
    pub(super) fn begins(
        &self,
        now: Instant,
        is_watched: bool,
        asks: impl FnOnce() -> bool,
    ) -> bool {
        let second = self.second(now);
        let most = if is_watched { WATCHED } else { UNWATCHED };
        self.begun.take(second, most) || (asks() && self.explained.take(second, EXPLAINED))
    }

    /// Whether one may go on here.
    pub(super) fn follows(&self, now: Instant) -> bool {
        self.followed.take(self.second(now), FOLLOWED)
    }

    fn second(&self, now: Instant) -> u32 {
        // After 136 years it begins anew.
        now.saturating_duration_since(self.start).as_secs() as u32
    }
}

/// What was taken in the last second in which anything was: the second in the upper half, how often in the lower.
#[derive(Debug)]
struct Second(AtomicU64);

impl Default for Second {
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Second {
    fn take(&self, second: u32, most: u32) -> bool {
        let taken = |word: u64| {
            let same = word >> 32 == u64::from(second);
            if same { word as u32 } else { 0 }
        };
        let next = |word| {
            let count = taken(word);
            (count < most).then(|| u64::from(second) << 32 | u64::from(count + 1))
        };
        // A full second is only read, so that cores do not fight for it.
        self.0.fetch_update(Relaxed, Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_flood_that_says_it_is_kept_is_followed_in_part() {
        let start = Instant::now();
        let admission = Admission::new(start);
        for second in 0..3 {
            let now = start + Duration::from_secs(second);
            let followed = (0..5000).filter(|_| admission.follows(now));
            assert_eq!(followed.count(), 1000);
        }
    }

    proptest! {
        /// Against a count of what began in each second.
        #[test]
        fn no_second_has_more_than_is_allowed(
            steps in proptest::collection::vec((0_u64..400, any::<bool>(), any::<bool>(), 1_usize..150), 1..60),
        ) {
            let start = Instant::now();
            let admission = Admission::new(start);
            let (mut millis, mut begun) = (0, BTreeMap::<u64, (u32, u32)>::new());
            for (later, is_watched, asks, times) in steps {
                millis += later;
                let now = start + Duration::from_millis(millis);
                for _ in 0..times {
                    let (count, explained) = begun.entry(millis / 1000).or_default();
                    let most = if is_watched { WATCHED } else { UNWATCHED };
                    let may = *count < most;
                    let may_explained = !may && asks && *explained < EXPLAINED;
                    *count += u32::from(may);
                    *explained += u32::from(may_explained);
                    prop_assert_eq!(admission.begins(now, is_watched, || asks), may || may_explained);
                }
            }
        }
    }
}
