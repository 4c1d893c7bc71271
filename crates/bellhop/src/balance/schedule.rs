//! The order of turns: who is next, computed ahead.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::atomic::{AtomicUsize, Ordering},
};

/// A cycle never has more turns than this, unless it has more members: weights are rounded to fit.
const MAX_TURNS: u64 = 1 << 16;

/// One cycle of turns over a fixed set of members, walked by one atomic cursor.
///
/// Members of equal weight take turns in the order of their keys. Unequal ones take them as earliest-deadline-first
/// scheduling spreads them: the k-th of `w` turns is due at `(k + 1/2) / w` of the cycle, so that nobody has its turns in a
/// row while others wait.
#[derive(Debug)]
pub(super) struct Schedule<K> {
    keys: Box<[K]>,
    /// Indices of `keys`, one for each turn of the cycle.
    turns: Box<[u32]>,
    cursor: AtomicUsize,
    /// Where the cursor began, and who had the turn before.
    start: usize,
    before: Option<K>,
}

impl<K: Clone + Ord> Schedule<K> {
    /// The turns of `members` by weight; the first goes to the member that follows `after` in the order of keys.
    pub(super) fn new(members: &BTreeMap<K, u32>, after: Option<&K>) -> Self {
        let keys: Box<[K]> = members.keys().cloned().collect();
        let turns = spread(&members.values().copied().collect::<Vec<_>>());
        let first = after.map_or(0, |after| keys.partition_point(|key| key <= after));
        let start = turns
            .iter()
            .position(|&turn| turn as usize == first)
            .unwrap_or(0);
        Self {
            keys,
            turns,
            cursor: AtomicUsize::new(start),
            start,
            before: after.cloned(),
        }
    }

    /// The members, in order.
    pub(super) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Takes a turn: the index of the member whose turn it is. `None` where there are no members.
    pub(super) fn take(&self) -> Option<usize> {
        if self.turns.is_empty() {
            return None;
        }
        let turn = self.cursor.fetch_add(1, Ordering::Relaxed) % self.turns.len();
        Some(self.turns[turn] as usize)
    }

    /// Who had the last turn, be it in a schedule before this one.
    pub(super) fn last(&self) -> Option<&K> {
        let cursor = self.cursor.load(Ordering::Relaxed);
        if cursor == self.start || self.turns.is_empty() {
            return self.before.as_ref();
        }
        let turn = cursor.wrapping_sub(1) % self.turns.len();
        Some(&self.keys[self.turns[turn] as usize])
    }
}

/// Which member takes each turn of a cycle, by their weights.
pub(crate) fn spread(weights: &[u32]) -> Box<[u32]> {
    let weights = reduce(weights);
    if weights.iter().all(|&weight| weight == 1) {
        return (0..weights.len() as u32).collect();
    }
    let total = weights.iter().sum::<u64>();
    // Due times as fractions of the cycle with the common denominator 2^64: (2k + 1) / 2w.
    let due = |k: u64, weight: u64| (u128::from(2 * k + 1) << 64) / u128::from(2 * weight);
    let mut queue: BinaryHeap<_> = weights
        .iter()
        .enumerate()
        .map(|(member, &weight)| Reverse((due(0, weight), member as u32, 0)))
        .collect();
    let mut turns = Vec::with_capacity(total as usize);
    while let Some(Reverse((_, member, k))) = queue.pop() {
        turns.push(member);
        let weight = weights[member as usize];
        if k + 1 < weight {
            queue.push(Reverse((due(k + 1, weight), member, k + 1)));
        }
    }
    turns.into()
}

/// The smallest weights of the same proportions, as far as they fit into a cycle; none below 1.
fn reduce(weights: &[u32]) -> Vec<u64> {
    let common = weights
        .iter()
        .fold(0, |common, &weight| gcd(common, weight.max(1)));
    let total = weights
        .iter()
        .map(|&weight| u64::from(weight.max(1) / common))
        .sum::<u64>();
    let scale = |weight: u64| {
        if total <= MAX_TURNS {
            weight
        } else {
            weight * MAX_TURNS / total
        }
    };
    weights
        .iter()
        .map(|&weight| scale(u64::from(weight.max(1) / common)).max(1))
        .collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(weights: &[(&'static str, u32)]) -> BTreeMap<&'static str, u32> {
        weights.iter().copied().collect()
    }

    fn take(schedule: &Schedule<&'static str>, count: usize) -> Vec<&'static str> {
        (0..count)
            .map(|_| schedule.keys()[schedule.take().unwrap()])
            .collect()
    }

    #[test]
    fn equals_take_turns_in_the_order_of_keys() {
        let schedule = Schedule::new(&members(&[("c", 1), ("a", 1), ("b", 1)]), None);
        assert_eq!(take(&schedule, 7), ["a", "b", "c", "a", "b", "c", "a"]);
    }

    #[test]
    fn unequal_weights_are_spread_smoothly() {
        let schedule = Schedule::new(&members(&[("a", 10), ("b", 2), ("c", 2)]), None);
        assert_eq!(take(&schedule, 7), ["a", "a", "a", "b", "c", "a", "a"]);
        assert_eq!(schedule.turns.len(), 7);
    }

    #[test]
    fn a_new_schedule_goes_on_after_the_last_turn() {
        let old = Schedule::new(&members(&[("a", 1), ("b", 1), ("c", 1)]), None);
        assert_eq!(take(&old, 2), ["a", "b"]);
        let new = Schedule::new(&members(&[("a", 1), ("c", 1), ("d", 1)]), old.last());
        assert_eq!(take(&new, 4), ["c", "d", "a", "c"]);
    }

    #[test]
    fn nobody_is_left_out_when_weights_are_far_apart() {
        let schedule = Schedule::new(&members(&[("a", u32::MAX), ("b", 1), ("c", 0)]), None);
        let turns = take(&schedule, schedule.turns.len());
        assert!(turns.len() <= MAX_TURNS as usize + 2);
        assert_eq!(turns.iter().filter(|&&key| key == "b").count(), 1);
        assert_eq!(turns.iter().filter(|&&key| key == "c").count(), 1);
    }

    #[test]
    fn an_empty_schedule_has_no_turns() {
        let schedule = Schedule::new(&members(&[]), Some(&"a"));
        assert_eq!(schedule.take(), None);
        assert_eq!(schedule.last(), Some(&"a"));
    }
}
