//! Slow start: who is new, or well again, comes to its full share of the turns in steps.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::balance::WHOLE;

/// What a newcomer has of its weight in each quarter of the ramp, in tenths.
const STEPS: [u32; 4] = [1, 3, 5, 8];

/// Since when each member works, and who of them is on its way to its full share.
#[derive(Debug)]
pub(super) struct Ramps<K> {
    over: Duration,
    begun: BTreeMap<K, Begun>,
}

#[derive(Debug)]
struct Begun {
    at: Instant,
    ramping: bool,
}

impl<K: Clone + Ord> Ramps<K> {
    /// Ramps that take this long.
    pub(super) fn new(over: Duration) -> Self {
        Self {
            over,
            begun: BTreeMap::new(),
        }
    }

    /// How long a step takes.
    pub(super) fn step(&self) -> Duration {
        self.over / STEPS.len() as u32
    }

    /// A member begins to work. It is spared only where somebody else has worked for longer than a ramp takes: those who
    /// begin together are equals.
    pub(super) fn begin(&mut self, key: K, now: Instant) {
        let is_warm = |begun: &Begun| now.saturating_duration_since(begun.at) >= self.over;
        let ramping = self
            .begun
            .iter()
            .any(|(other, begun)| *other != key && is_warm(begun));
        self.begun.insert(key, Begun { at: now, ramping });
    }

    /// A member works no more.
    pub(super) fn end(&mut self, key: &K) {
        self.begun.remove(key);
    }

    /// The shares of all who are on their way, those included who arrive now.
    pub(super) fn shares(&mut self, now: Instant) -> Vec<(K, u32)> {
        let step = self.step().max(Duration::from_nanos(1));
        let ramping = self.begun.iter_mut().filter(|(_, begun)| begun.ramping);
        let shares = ramping.map(|(key, begun)| {
            let elapsed = now.saturating_duration_since(begun.at);
            let passed = (elapsed.as_nanos() / step.as_nanos()) as usize;
            let share = STEPS.get(passed).copied().unwrap_or(WHOLE);
            begun.ramping = share < WHOLE;
            (key.clone(), share)
        });
        shares.collect()
    }

    /// Whether anybody is on its way.
    pub(super) fn is_ramping(&self) -> bool {
        self.begun.values().any(|begun| begun.ramping)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OVER: Duration = Duration::from_millis(400);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn those_who_begin_together_are_equals() {
        let (mut ramps, start) = (Ramps::new(OVER), Instant::now());
        ramps.begin("a", start);
        ramps.begin("b", start + ms(300));
        assert!(!ramps.is_ramping());
        assert_eq!(ramps.shares(start + ms(300)), []);
    }

    #[test]
    fn a_newcomer_has_its_full_share_after_the_ramp() {
        let (mut ramps, start) = (Ramps::new(OVER), Instant::now());
        ramps.begin("a", start);
        let later = start + OVER;
        ramps.begin("b", later);
        for (after, share) in [(0, 1), (99, 1), (100, 3), (200, 5), (399, 8), (400, WHOLE)] {
            assert_eq!(ramps.shares(later + ms(after)), [("b", share)], "{after}");
        }
        assert!(!ramps.is_ramping());
        assert_eq!(ramps.shares(later + ms(500)), []);
    }

    #[test]
    fn who_has_been_ill_begins_anew() {
        let (mut ramps, start) = (Ramps::new(OVER), Instant::now());
        ramps.begin("a", start);
        ramps.begin("b", start);
        ramps.begin("a", start + ms(1000));
        assert_eq!(ramps.shares(start + ms(1000)), [("a", 1)]);
        ramps.end(&"a");
        assert!(!ramps.is_ramping());
    }

    #[test]
    fn who_is_alone_has_all_turns_at_once() {
        let (mut ramps, start) = (Ramps::new(OVER), Instant::now());
        ramps.begin("a", start);
        ramps.begin("a", start + ms(1000));
        assert!(!ramps.is_ramping());
    }

    proptest! {
        #[test]
        fn a_share_never_shrinks_and_is_whole_in_the_end(waits in proptest::collection::vec(0..200u64, 1..20)) {
            let (mut ramps, start) = (Ramps::new(OVER), Instant::now());
            ramps.begin(0, start);
            let began = start + OVER;
            ramps.begin(1, began);
            let (mut now, mut last) = (began, 1);
            for wait in waits {
                now += ms(wait);
                let share = ramps.shares(now).first().map_or(WHOLE, |&(_, share)| share);
                prop_assert!(share >= last && share <= WHOLE);
                prop_assert_eq!(share == WHOLE, now - began >= OVER);
                last = share;
            }
        }
    }
}
