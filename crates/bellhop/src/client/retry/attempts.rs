//! The attempts that a call may make, and what is left of them for the calls below it.

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many attempts each call that the callee makes on behalf of this one may take in all.
pub(crate) const ATTEMPTS: HeaderName = HeaderName::from_static("bellhop-attempts");

/// The attempts that a request allows to the calls below it, if it says so.
pub(crate) fn attempts(headers: &HeaderMap) -> Option<u32> {
    let value = headers.get(&ATTEMPTS)?.to_str().ok()?;
    value.parse().ok().map(|attempts: u32| attempts.max(1))
}

/// Splits the attempts of a call among those that it makes itself and those that are made below.
///
/// Each attempt is given a share, which is what each call below it may use up in its turn. The shares of a call add up to what
/// it was given itself, so on a path of calls the last one is tried at most as often as the first one was given, whatever
/// fails. What is not needed for further attempts goes to the first: whoever is nearest to a failure tries again first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    left: u32,
    own: u32,
    made: u32,
}

impl Attempts {
    /// At most `own` attempts of a budget are made by the call itself. Each is at least one.
    fn new(budget: u32, own: u32) -> Self {
        Self {
            left: budget.max(1),
            own: own.max(1),
            made: 0,
        }
    }

    /// A call that was given a number, or none: then it has one more than its own, so that the call next below may try again as
    /// well. That is also the most, whatever anybody says.
    pub(super) fn of(given: Option<u32>, own: u32) -> Self {
        let most = own.saturating_add(1);
        Self::new(given.map_or(most, |given| given.min(most)), own)
    }

    /// Makes an attempt: what it may use up. `None` where there are no more.
    pub(super) fn begin(&mut self) -> Option<u32> {
        let later = self.more().checked_sub(1)?;
        let share = self.left - later;
        self.left = later;
        self.made += 1;
        Some(share)
    }

    /// Attempts that it may still make.
    pub(super) fn more(&self) -> u32 {
        self.left.min(self.own - self.made)
    }

    /// Attempts that it has made.
    pub(super) fn made(&self) -> u32 {
        self.made
    }
}

/// A share as a header.
pub(super) fn share(share: u32) -> HeaderValue {
    match share {
        1 => HeaderValue::from_static("1"),
        2 => HeaderValue::from_static("2"),
        share => HeaderValue::from(share),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a call tries, and who it calls in its turn.
    #[derive(Clone, Debug)]
    struct Node {
        own: u32,
        below: Vec<Node>,
    }

    /// How often one call of a node is tried at most, and whether it came to a good end; failures are drawn from `fails`.
    fn call(node: &Node, budget: u32, fails: &mut dyn FnMut() -> bool, worst: &mut u32) -> bool {
        let mut attempts = Attempts::new(budget, node.own);
        // By child, how often it was tried on behalf of this call.
        let mut seen = vec![0; node.below.len()];
        let mut good = false;
        while let (false, Some(share)) = (good, attempts.begin()) {
            good = true;
            for (child, seen) in node.below.iter().zip(&mut seen) {
                let mut tried = 0;
                good &= call(child, share, fails, &mut tried);
                *seen += tried;
            }
            good &= !fails();
        }
        assert!(attempts.made() <= budget.max(1));
        *worst = seen.into_iter().max().unwrap_or(0).max(attempts.made());
        good
    }

    fn tree() -> impl Strategy<Value = Node> {
        let leaf = (1..6u32).prop_map(|own| Node { own, below: vec![] });
        leaf.prop_recursive(4, 24, 3, |node| {
            let below = proptest::collection::vec(node, 1..4);
            (1..6u32, below).prop_map(|(own, below)| Node { own, below })
        })
    }

    fn shares(budget: u32, own: u32) -> Vec<u32> {
        let mut attempts = Attempts::new(budget, own);
        std::iter::from_fn(|| attempts.begin()).collect()
    }

    #[test]
    fn shares_add_up_and_the_first_is_the_largest() {
        assert_eq!(shares(4, 3), [2, 1, 1]);
        assert_eq!(shares(2, 3), [1, 1]);
        assert_eq!(shares(5, 2), [4, 1]);
        assert_eq!(shares(3, 1), [3]);
        assert_eq!(shares(0, 0), [1]);
    }

    #[test]
    fn nobody_is_given_more_than_who_says_nothing() {
        let all = |given, own| {
            let mut attempts = Attempts::of(given, own);
            std::iter::from_fn(|| attempts.begin()).collect::<Vec<_>>()
        };
        assert_eq!(all(None, 3), [2, 1, 1]);
        for given in [4, 5, 1_000_000, u32::MAX] {
            assert_eq!(all(Some(given), 3), all(None, 3), "{given}");
        }
        assert_eq!(all(Some(2), 3), [1, 1], "less is believed");
        assert_eq!(all(Some(u32::MAX), 1), [2]);
    }

    #[test]
    fn what_is_no_number_of_attempts_says_nothing() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ATTEMPTS, HeaderValue::from_static(value));
            attempts(&headers)
        };
        assert_eq!(read("2"), Some(2));
        assert_eq!(read("0"), Some(1));
        for odd in ["", "-1", "many", "1.5", "99999999999"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(attempts(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn nobody_in_a_tree_is_tried_more_often_than_the_budget(
            tree in tree(),
            budget in 1..8u32,
            pattern in proptest::collection::vec(any::<bool>(), 1..64),
        ) {
            let mut pattern = pattern.iter().copied().cycle();
            let mut worst = 0;
            call(&tree, budget, &mut || pattern.next().unwrap_or(true), &mut worst);
            prop_assert!(worst <= budget, "{worst}");
        }

        #[test]
        fn shares_never_exceed_the_budget(budget in any::<u32>(), own in 0..50u32) {
            let shares = shares(budget, own);
            prop_assert_eq!(shares.iter().map(|&share| u64::from(share)).sum::<u64>(), u64::from(budget.max(1)));
            prop_assert_eq!(shares.len() as u32, own.max(1).min(budget.max(1)));
        }
    }
}
