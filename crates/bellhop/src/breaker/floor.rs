//! Never eject everybody: who takes turns although the registry finds it critical, or although its breaker is open.

use super::Trouble;

/// So many of the members take turns whatever is said of them: half, rounded up; of one, this one.
pub(crate) fn floor(members: usize) -> usize {
    members.div_ceil(2)
}

/// A member that is connected, and what is said against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The registry finds it critical, but it still answers.
    pub(crate) spare: bool,
    /// What its breaker holds against it; `None` while that is closed.
    pub(crate) trouble: Option<Trouble>,
}

/// Who takes turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether the spare do: too few others are connected.
    pub(crate) spares: bool,
    /// Who does although its breaker is open.
    pub(crate) exempt: Vec<bool>,
}

/// Whether those take turns whom the registry has only ever found critical, and who may not be ready: nobody else is connected
/// and, unless they do already, nobody else is about to be.
pub(crate) fn last_resort(unproven: usize, others: usize, awaited: bool, already: bool) -> bool {
    unproven > 0 && others == 0 && (already || !awaited)
}

/// Who of those connected takes turns, so that health and breakers together leave no fewer than the floor.
///
/// The registry comes first: while half are there that it does not find critical and that work, the rest are spare. With fewer,
/// it is not believed, and breakers alone judge. Where they leave too few, the least bad stay: who is not critical, then who has
/// opened the fewest times in a row, then who has failed the smallest part of its calls, then who has been out the longest. Where
/// somebody stays, all do who merely have too much to do: without them the rest had still more.
pub(crate) fn decide(members: &[Candidate]) -> Decision {
    let wanted = floor(members.len());
    let is_fine = |member: &&Candidate| !member.spare && member.trouble.is_none();
    let fine = members.iter().filter(is_fine).count();
    let spares = fine < wanted && members.iter().any(|member| member.spare);
    let mut exempt = vec![false; members.len()];

    let serving = members.iter().enumerate();
    let serving = serving.filter(|(_, member)| spares || !member.spare);
    let (mut well, mut troubled) = (0, Vec::new());
    for (index, member) in serving {
        match member.trouble {
            None => well += 1,
            Some(trouble) => troubled.push((!trouble.overloaded, member.spare, trouble, index)),
        }
    }
    let missing = wanted.saturating_sub(well);
    if missing > 0 {
        troubled.sort_unstable();
        let overloaded = troubled.iter().filter(|(failing, ..)| !failing).count();
        for &(.., index) in &troubled[..overloaded.max(missing)] {
            exempt[index] = true;
        }
    }
    Decision { spares, exempt }
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

    fn passing(trouble: Option<Trouble>) -> Candidate {
        Candidate {
            spare: false,
            trouble,
        }
    }

    fn spare(trouble: Option<Trouble>) -> Candidate {
        Candidate {
            spare: true,
            trouble,
        }
    }

    /// Who is exempt where nobody is critical.
    fn exempt(troubles: &[Option<Trouble>]) -> Vec<bool> {
        let members: Vec<_> = troubles.iter().copied().map(passing).collect();
        decide(&members).exempt
    }

    fn in_turn(members: &[Candidate]) -> Vec<bool> {
        let Decision { spares, exempt } = decide(members);
        let takes = |(member, exempt): (&Candidate, bool)| {
            (spares || !member.spare) && (exempt || member.trouble.is_none())
        };
        members.iter().zip(exempt).map(takes).collect()
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

    #[test]
    fn the_critical_are_spare_while_half_are_not() {
        assert_eq!(in_turn(&[passing(None), spare(None)]), [true, false]);
        assert_eq!(
            in_turn(&[passing(None), spare(None), spare(None)]),
            [true, true, true]
        );
        assert_eq!(in_turn(&[spare(None)]), [true]);
    }

    #[test]
    fn health_and_breakers_together_leave_half() {
        let bad = trouble(1, 100, 0);
        // Of four, two are critical and one fails: each alone would leave enough.
        let members = [passing(None), passing(bad), spare(None), spare(None)];
        assert_eq!(in_turn(&members), [true, false, true, true]);
        // Who is critical and works comes before who passes and fails.
        let members = [passing(bad), passing(bad), spare(None), spare(None)];
        assert_eq!(in_turn(&members), [false, false, true, true]);
        // None passes that is connected, and one of them fails.
        let members = [spare(bad), spare(None), spare(None)];
        assert_eq!(in_turn(&members), [false, true, true]);
        // Of those who fail, the one that the registry finds well is the least bad.
        let members = [spare(bad), spare(bad), passing(trouble(9, 100, 9))];
        assert_eq!(in_turn(&members), [true, false, true]);
    }

    #[test]
    fn who_never_passed_takes_turns_where_nobody_else_can() {
        assert!(last_resort(2, 0, false, false));
        assert!(!last_resort(2, 1, false, true));
        // Who is about to be connected is waited for, but nobody is taken out of turn for that.
        assert!(!last_resort(2, 0, true, false));
        assert!(last_resort(2, 0, true, true));
        assert!(!last_resort(0, 0, false, true));
    }

    /// The rules once more, by way of all choices: the first of the best that is large enough.
    fn model(members: &[Candidate]) -> Vec<bool> {
        let wanted = members.len().div_ceil(2);
        let of = |choice: &dyn Fn(&Candidate) -> bool| members.iter().filter(|m| choice(m)).count();
        let believed = of(&|member| !member.spare && member.trouble.is_none()) >= wanted;
        let serves = |member: &Candidate| !(believed && member.spare);
        let well = |member: &Candidate| serves(member) && member.trouble.is_none();
        let load = |member: &Candidate| {
            serves(member) && member.trouble.is_some_and(|trouble| trouble.overloaded)
        };
        let mut turns: Vec<_> = members.iter().map(well).collect();
        if of(&well) >= wanted {
            return turns;
        }
        for (turn, member) in turns.iter_mut().zip(members) {
            *turn |= load(member);
        }
        while turns.iter().filter(|turn| **turn).count() < wanted {
            let rest = (0..members.len()).filter(|&at| !turns[at] && serves(&members[at]));
            let best = rest.min_by_key(|&at| (members[at].spare, members[at].trouble, at));
            turns[best.unwrap()] = true;
        }
        turns
    }

    fn candidate() -> impl Strategy<Value = Candidate> {
        let trouble = (1..4_u64, 0..100_u64, 0..9_u64, any::<bool>()).prop_map(
            |(openings, rate, since, overloaded)| Trouble {
                openings,
                rate,
                since,
                overloaded,
            },
        );
        let trouble = proptest::option::of(trouble);
        (any::<bool>(), trouble).prop_map(|(spare, trouble)| Candidate { spare, trouble })
    }

    proptest! {
        #[test]
        fn half_take_turns_and_they_are_the_least_bad(
            members in proptest::collection::vec(candidate(), 0..12),
        ) {
            let turns = in_turn(&members);
            let count = turns.iter().filter(|turn| **turn).count();
            prop_assert!(count >= floor(members.len()));
            prop_assert_eq!(turns, model(&members));
        }

        #[test]
        fn nobody_is_spared_without_need(
            members in proptest::collection::vec(candidate(), 0..12),
        ) {
            let Decision { spares, exempt } = decide(&members);
            let fine = members.iter().filter(|member| !member.spare && member.trouble.is_none());
            let critical = members.iter().any(|member| member.spare);
            prop_assert_eq!(spares, critical && 2 * fine.count() < members.len());
            let needless = |(member, exempt): (&Candidate, &bool)| *exempt && member.trouble.is_none();
            prop_assert!(!members.iter().zip(&exempt).any(needless));
        }
    }
}
