//! How long to wait for somebody where nobody has been there for long.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use tokio::time::Instant;

/// What is left of a request's patience where nobody came for all of an earlier one's, as a divisor: a request that comes just
/// before somebody does is still served.
const FAIL_FAST: u32 = 10;

/// Since when requests have found nobody.
///
/// The first of them waits for as long as it may, and so do those that come meanwhile. When nobody has come by then, the rest
/// fails fast, until somebody joins. Only requests that find nobody look at it.
#[derive(Debug)]
pub(super) struct Absence {
    origin: Instant,
    /// One more than the nanoseconds from `origin`; zero while nobody is missed.
    since: AtomicU64,
}

impl Absence {
    /// Nobody is missed.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            since: AtomicU64::new(0),
        }
    }

    /// A request finds nobody: how long it waits, where it may wait for `bound`.
    pub(super) fn begin(&self, bound: Duration, now: Instant) -> Duration {
        let _ = self
            .since
            .compare_exchange(0, self.mark(now), SeqCst, SeqCst);
        match self.is_long(bound, now) {
            true => bound / FAIL_FAST,
            false => bound,
        }
    }

    /// Somebody is there.
    pub(super) fn end(&self) {
        self.since.store(0, SeqCst);
    }

    /// Whether requests that may wait for `bound` fail fast.
    pub(super) fn is_long(&self, bound: Duration, now: Instant) -> bool {
        let since = self.since.load(SeqCst);
        let lasted = Duration::from_nanos(self.mark(now).saturating_sub(since));
        since > 0 && lasted >= bound
    }

    fn mark(&self, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Duration = Duration::from_secs(1);
    const FAST: Duration = Duration::from_millis(100);

    #[test]
    fn the_first_wait_is_long_and_later_ones_are_short_until_somebody_comes() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let absence = Absence::new(start);
        assert_eq!(
            absence.begin(BOUND, at(5_000)),
            BOUND,
            "however late the first one is"
        );
        assert_eq!(absence.begin(BOUND, at(5_999)), BOUND);
        assert!(!absence.is_long(BOUND, at(5_999)));
        assert_eq!(absence.begin(BOUND, at(6_000)), FAST);
        assert_eq!(absence.begin(BOUND, at(60_000)), FAST);
        absence.end();
        assert!(!absence.is_long(BOUND, at(60_000)));
        assert_eq!(absence.begin(BOUND, at(60_001)), BOUND);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Pass(u64),
        Find,
        Join,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..700u64).prop_map(Step::Pass),
            4 => Just(Step::Find),
            1 => Just(Step::Join),
        ]
    }

    proptest! {
        /// By remembering all requests since somebody was last there.
        #[test]
        fn it_does_what_the_model_does(steps in proptest::collection::vec(step(), 0..100)) {
            let start = Instant::now();
            let absence = Absence::new(start);
            let (mut millis, mut found) = (0, Vec::new());
            for step in steps {
                let now = start + Duration::from_millis(millis);
                match step {
                    Step::Pass(more) => millis += more,
                    Step::Join => {
                        absence.end();
                        found.clear();
                    }
                    Step::Find => {
                        found.push(millis);
                        let in_vain = found.iter().any(|at| at + 1_000 <= millis);
                        let expected = if in_vain { FAST } else { BOUND };
                        prop_assert_eq!(absence.begin(BOUND, now), expected);
                        prop_assert_eq!(absence.is_long(BOUND, now), in_vain);
                    }
                }
            }
        }
    }
}
