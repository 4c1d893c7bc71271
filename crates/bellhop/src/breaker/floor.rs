//! Never eject everybody: who stays in turn although its breaker is open.

use super::Trouble;

/// So many of the members stay in turn whatever breakers say: half, rounded up; of one, this one.
pub(crate) fn floor(members: usize) -> usize {
    members.div_ceil(2)
}

/// Which of the members stay in turn although they are in trouble: the least bad, as many as the floor wants.
///
/// Least bad is who has opened the fewest times in a row, then who has failed the smallest part of its calls, then who has
/// been out the longest. Where somebody stays, all do who merely have too much to do: without them the rest had still more.
pub(crate) fn exempt(members: &[Option<Trouble>]) -> Vec<bool> {
    let mut troubled: Vec<_> = members
        .iter()
        .enumerate()
        .filter_map(|(index, trouble)| Some(((*trouble)?, index)))
        .collect();
    let wanted = floor(members.len());
    let missing = wanted.saturating_sub(members.len() - troubled.len());
    let mut exempt = vec![false; members.len()];
    if missing == 0 {
        return exempt;
    }
    troubled.sort_unstable_by_key(|&(trouble, index)| (!trouble.overloaded, trouble, index));
    let overloaded = troubled.iter().filter(|(trouble, _)| trouble.overloaded);
    let kept = overloaded.count().max(missing);
    for &(_, index) in &troubled[..kept] {
        exempt[index] = true;
    }
    exempt
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trouble(openings: u64, rate: u64, since: u64) -> Option<Trouble> {
        Some(Trouble {
            openings,
            rate,
            since,
            overloaded: false,
        })
    }

    fn overloaded() -> Option<Trouble> {
        trouble(2, 90, 9).map(|trouble| Trouble {
            overloaded: true,
            ..trouble
        })
    }

    #[test]
    fn while_half_are_well_nobody_is_exempt() {
        let bad = trouble(1, 100, 0);
        assert_eq!(exempt(&[]), [] as [bool; 0]);
        assert_eq!(exempt(&[bad, None]), [false, false]);
        assert_eq!(exempt(&[bad, None, None]), [false, false, false]);
        assert_eq!(exempt(&[bad]), [true]);
    }

    #[test]
    fn the_least_bad_stay() {
        let (often, rate) = (trouble(3, 10, 0), trouble(1, 90, 0));
        let (late, early) = (trouble(1, 50, 9), trouble(1, 50, 2));
        assert_eq!(
            exempt(&[often, rate, late, early]),
            [false, false, true, true]
        );
        assert_eq!(exempt(&[often, rate]), [false, true]);
        assert_eq!(exempt(&[late, early, None]), [false, true, false]);
    }

    #[test]
    fn who_has_too_much_to_do_is_not_relieved_at_the_cost_of_the_rest() {
        let (load, bad) = (overloaded(), trouble(1, 50, 0));
        assert_eq!(exempt(&[load, None]), [false, false]);
        assert_eq!(exempt(&[load, load, load]), [true, true, true]);
        assert_eq!(exempt(&[load, bad, load, bad]), [true, false, true, false]);
        assert_eq!(exempt(&[load, bad, bad]), [true, true, false]);
    }

    proptest! {
        #[test]
        fn the_floor_holds_exactly(
            members in proptest::collection::vec(
                proptest::option::of((1..4u64, 0..100u64, 0..9u64)), 0..12),
        ) {
            let members: Vec<_> = members.into_iter()
                .map(|member| member.and_then(|(openings, rate, since)| trouble(openings, rate, since)))
                .collect();
            let exempt = exempt(&members);
            let well = members.iter().filter(|member| member.is_none()).count();
            let kept = exempt.iter().filter(|&&exempt| exempt).count();
            prop_assert_eq!(well + kept, well.max(floor(members.len())));
            prop_assert!(members.is_empty() || well + kept > 0);
            let worst_kept = members.iter().zip(&exempt).filter(|(_, kept)| **kept).filter_map(|(m, _)| *m).max();
            let best_out = members.iter().zip(&exempt).filter(|(_, kept)| !**kept).filter_map(|(m, _)| *m).min();
            if let (Some(kept), Some(out)) = (worst_kept, best_out) {
                prop_assert!(kept <= out);
            }
        }
    }
}
