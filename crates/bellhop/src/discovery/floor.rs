//! When health is not to be believed.

use std::collections::BTreeSet;

use super::{InstanceId, diff::Members};

/// Sees to it that health checks alone do not put most instances out of service: checks that fail for so many at once tell
/// more of the checker, or of the network to it, than of them.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    /// Those registered who have passed at some time. Who never did may not be ready yet, and counts for nothing.
    passed: BTreeSet<InstanceId>,
    panics: bool,
}

impl Floor {
    /// Follows an answer; whether the critical ones among those who have passed are to stay.
    ///
    /// They are while fewer than half of those who ever passed, or none at all, pass.
    pub(crate) fn answered(&mut self, serving: &Members, critical: &Members) -> bool {
        self.passed
            .retain(|id| serving.contains_key(id) || critical.contains_key(id));
        self.passed.extend(serving.keys().cloned());
        self.panics = 2 * serving.len() < self.passed.len();
        self.panics
    }

    /// Whether they are to stay, as of the last answer.
    pub(crate) fn panics(&self) -> bool {
        self.panics
    }

    /// Whether a critical instance is to stay.
    pub(crate) fn keeps(&self, id: &InstanceId) -> bool {
        self.panics && self.has_passed(id)
    }

    /// Whether an instance has passed at some time, and counts for that.
    pub(crate) fn has_passed(&self, id: &InstanceId) -> bool {
        self.passed.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::diff::test::members;

    #[test]
    fn the_least_bad_stay_while_fewer_than_half_pass() {
        let mut floor = Floor::default();
        assert!(!floor.answered(&members(&["a", "b", "c"]), &members(&[])));
        assert!(!floor.answered(&members(&["a", "b"]), &members(&["c"])));
        assert!(floor.answered(&members(&["a"]), &members(&["b", "c"])));
        assert!(floor.answered(&members(&[]), &members(&["a", "b", "c"])));
        assert!(!floor.answered(&members(&["a", "b"]), &members(&["c"])));
    }

    #[test]
    fn the_only_one_stays() {
        let mut floor = Floor::default();
        floor.answered(&members(&["a"]), &members(&[]));
        assert!(floor.answered(&members(&[]), &members(&["a"])));
        assert!(floor.keeps(&InstanceId::new("a")));
    }

    #[test]
    fn who_never_passed_counts_for_nothing() {
        let mut floor = Floor::default();
        assert!(!floor.answered(&members(&[]), &members(&["a", "b"])));
        assert!(!floor.answered(&members(&["a"]), &members(&["b", "c", "d"])));
        assert!(floor.answered(&members(&[]), &members(&["a", "b", "c", "d"])));
        assert!(floor.keeps(&InstanceId::new("a")) && !floor.keeps(&InstanceId::new("b")));
    }

    #[test]
    fn who_deregisters_is_forgotten() {
        let mut floor = Floor::default();
        floor.answered(&members(&["a", "b", "c"]), &members(&[]));
        assert!(!floor.answered(&members(&["c"]), &members(&[])));
        assert!(!floor.answered(&members(&[]), &members(&[])));
    }
}
