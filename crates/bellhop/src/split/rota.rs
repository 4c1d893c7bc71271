//! Which version has which turn.

use crate::balance::spread;

/// A cycle of turns over some versions, by their shares.
///
/// Its length is the sum of the smallest numbers of the same proportions, so that any so many turns in a row hold each version
/// exactly as often as its share says: with 90 and 10 any ten, and so any hundred. The turns of each are spread out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rota {
    /// Indices of the versions, one for each turn.
    turns: Box<[u32]>,
}

impl Rota {
    /// The cycle of versions with these shares, none of which is 0; `None` where there are no versions.
    pub(crate) fn new(shares: &[u32]) -> Option<Self> {
        let turns = spread(shares);
        (!turns.is_empty()).then_some(Self { turns })
    }

    /// Which version has a turn.
    pub(crate) fn at(&self, turn: usize) -> usize {
        self.turns[turn % self.turns.len()] as usize
    }

    /// The version that has the next turn after this one of those that are not among `seen`, which has a bit for each.
    pub(crate) fn next(&self, turn: usize, seen: u32) -> Option<usize> {
        let length = self.turns.len();
        let mut ahead = (0..length).map(|ahead| self.at(turn % length + ahead));
        ahead.find(|version| seen & (1 << version) == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn count(rota: &Rota, from: usize, window: usize, versions: usize) -> Vec<usize> {
        let mut counts = vec![0; versions];
        for turn in from..from + window {
            counts[rota.at(turn)] += 1;
        }
        counts
    }

    #[test]
    fn nobody_has_no_turns() {
        assert_eq!(Rota::new(&[]), None);
    }

    #[test]
    fn the_turns_of_the_smaller_are_spread_out() {
        let rota = Rota::new(&[80, 20]).unwrap();
        let turns: Vec<_> = (0..5).map(|turn| rota.at(turn)).collect();
        assert_eq!(turns, [0, 0, 1, 0, 0]);
        assert_eq!(rota.next(0, 0b01), Some(1));
        assert_eq!(rota.next(2, 0b10), Some(0));
        assert_eq!(rota.next(2, 0b11), None);
    }

    /// Percentages of so many versions.
    fn percentages() -> impl Strategy<Value = Vec<u32>> {
        vec(0..100_u32, 0..8).prop_map(|mut cuts| {
            cuts.extend([0, 100]);
            cuts.sort_unstable();
            let shares = cuts.windows(2).map(|pair| pair[1] - pair[0]);
            shares.filter(|share| *share > 0).collect()
        })
    }

    proptest! {
        #[test]
        fn any_hundred_in_a_row_are_exact(shares in percentages(), from in 0..1000_usize) {
            let rota = Rota::new(&shares).unwrap();
            let counts = count(&rota, from, 100, shares.len());
            let expected: Vec<_> = shares.iter().map(|share| *share as usize).collect();
            prop_assert_eq!(counts, expected);
        }

        #[test]
        fn any_as_many_as_the_shares_add_up_to_are_exact(
            shares in vec(1..50_u32, 1..6),
            from in 0..1000_usize,
        ) {
            let rota = Rota::new(&shares).unwrap();
            let all: u32 = shares.iter().sum();
            let counts = count(&rota, from, all as usize, shares.len());
            let expected: Vec<_> = shares.iter().map(|share| *share as usize).collect();
            prop_assert_eq!(counts, expected);
        }
    }
}
