//! How much is worked between two looks at the sockets.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// So much work is done between two looks at the sockets, and one call's more at most.
pub(in crate::server::shed) const ROUND: Duration = Duration::from_millis(2);
/// For each time that other work keeps the runtime for so long, such as streams that have much to send, one more call works
/// before the next look. It is not calls then that those wait for who are to be told something, and calls should not stand back.
const LONG: Duration = Duration::from_millis(10);
/// However long it was.
const MOST: u64 = 64;

/// What is worked between two looks. One thread alone changes it.
#[derive(Debug)]
pub(super) struct Round {
    /// Permits that are not taken back yet.
    turns: AtomicUsize,
    /// In nanoseconds.
    left: AtomicU64,
}

impl Default for Round {
    fn default() -> Self {
        let round = Self {
            turns: AtomicUsize::new(0),
            left: AtomicU64::new(0),
        };
        round.begin(Duration::ZERO);
        round
    }
}

impl Round {
    /// After a look that took so long: how many may work in the time that the runtime takes to come round once.
    pub(super) fn begin(&self, looked: Duration) -> usize {
        let turns = (nanos(looked) / nanos(LONG) + 1).min(MOST);
        self.turns.store(turns as usize, Relaxed);
        self.left.store(turns * nanos(ROUND), Relaxed);
        turns as usize
    }

    /// So much was worked; whether there is time for more.
    pub(super) fn goes_on(&self, worked: Duration) -> bool {
        let left = self.left.load(Relaxed).saturating_sub(nanos(worked));
        self.left.store(left, Relaxed);
        left > 0
    }

    pub(super) fn turns(&self) -> usize {
        self.turns.load(Relaxed)
    }

    /// So many turns are over; whether those were the last.
    pub(super) fn is_over_without(&self, turns: usize) -> bool {
        let left = self.turns().saturating_sub(turns);
        self.turns.store(left, Relaxed);
        left == 0
    }
}

fn nanos(time: Duration) -> u64 {
    time.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_works_at_a_time_where_nobody_else_does() {
        let round = Round::default();
        for looked in [Duration::ZERO, MS, 9 * MS] {
            assert_eq!(round.begin(looked), 1);
            assert!(round.goes_on(MS));
            assert!(!round.goes_on(MS));
            assert!(round.is_over_without(1));
        }
    }

    #[test]
    fn calls_work_for_longer_where_others_do() {
        let round = Round::default();
        assert_eq!(round.begin(20 * MS), 3);
        assert!(round.goes_on(5 * MS));
        assert!(!round.goes_on(5 * MS));
        assert!(!round.is_over_without(2));
        assert!(round.is_over_without(1));
        assert_eq!(round.begin(3600 * 1000 * MS), 64);
    }
}
