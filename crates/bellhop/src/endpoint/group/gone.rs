//! What was counted of instances that have gone, so that the sum of all calls never falls.

use std::{fmt, sync::Arc};

use super::Member;
use crate::endpoint::tally::Tallied;

/// Instances that have gone.
#[derive(Default)]
pub(super) struct Gone {
    calls: Tallied,
    /// Those with calls that are not over: as many as there are calls, at most.
    leaving: Vec<Arc<Member>>,
}

impl Gone {
    /// One more has gone.
    pub(super) fn add(&mut self, member: Arc<Member>) {
        self.leaving.push(member);
        self.settle();
    }

    /// What was counted of all of them.
    pub(super) fn sum(&self) -> Tallied {
        let mut all = self.calls.clone();
        for member in &self.leaving {
            all.add_calls(&member.tallies.sum());
        }
        all
    }

    /// Remembers of those whose calls are over nothing but the counts.
    fn settle(&mut self) {
        let Self { calls, leaving } = self;
        leaving.retain(|member| {
            let of_member = member.tallies.sum();
            let is_over = of_member.ended >= of_member.begun;
            if is_over {
                calls.add_calls(&of_member);
            }
            !is_over
        });
    }
}

impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gone")
            .field("leaving", &self.leaving.len())
            .finish_non_exhaustive()
    }
}
