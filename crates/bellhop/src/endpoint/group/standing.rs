//! What is known of one instance.

use crate::{
    breaker::{BreakerState, Trouble},
    discovery::InstanceId,
};

/// What is known of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) id: InstanceId,
    /// Connections to it.
    pub(crate) connections: usize,
    /// What its breaker holds against it; `None` while that is closed.
    pub(crate) trouble: Option<Trouble>,
    /// Whether it stays in turn all the same.
    pub(crate) exempt: bool,
    pub(crate) breaker: BreakerState,
    /// What it has of its weight, in tenths.
    pub(crate) share: u32,
    /// Whether the registry finds it critical, and it takes no turns for that.
    pub(crate) benched: bool,
}

impl Standing {
    /// The one of an instance, among those of a group.
    pub(crate) fn of<'s>(standings: &'s [Self], id: &InstanceId) -> Option<&'s Self> {
        let place = standings.binary_search_by(|standing| standing.id.cmp(id));
        place.ok().map(|place| &standings[place])
    }

    /// Why it has no turn; `None` where it has.
    pub(crate) fn out_of_turn(&self) -> Option<&'static str> {
        if self.benched {
            return Some("critical in the registry");
        }
        if self.connections == 0 {
            return Some("not connected");
        }
        let out = self.trouble.is_some() && !self.exempt;
        out.then_some("its breaker is open")
    }
}
