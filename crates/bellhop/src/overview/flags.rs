//! Where the registry and the members do not agree, for so long that no change under way explains it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;

/// Changes reach everybody sooner.
pub(super) const HOLD: Duration = Duration::from_secs(5);
/// Who has not looked for so long does not know what was in between.
const GAP: Duration = Duration::from_secs(2);

/// What they do not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A caller gives turns to somebody whom the registry does not list.
    CallsUnlisted,
    /// A caller gives turns to somebody whom the registry finds critical.
    CallsCritical,
    /// A caller is not connected to somebody whom the registry finds passing.
    NotConnected,
    /// A caller does not know somebody whom the registry finds passing.
    DoesNotKnow,
    /// A member takes itself for registered, and the registry does not list it.
    RegisteredNowhere,
}

/// One thing on which they do not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Disagreement {
    pub(super) kind: Kind,
    /// The instance that says otherwise than the registry.
    pub(super) member: String,
    pub(super) member_service: String,
    /// Of whom.
    pub(super) instance: String,
    pub(super) service: String,
}

impl Disagreement {
    /// In words.
    pub(super) fn text(&self) -> String {
        let Self {
            member,
            instance,
            service,
            ..
        } = self;
        match self.kind {
            Kind::CallsUnlisted => {
                format!(
                    "{member} still calls {instance}, which the registry does not list as {service}"
                )
            }
            Kind::CallsCritical => {
                format!("{member} calls {instance}, which the registry finds critical")
            }
            Kind::NotConnected => {
                format!("{member} is not connected to {instance}, which the registry finds passing")
            }
            Kind::DoesNotKnow => {
                format!("{member} does not know {instance}, which the registry lists as {service}")
            }
            Kind::RegisteredNowhere => {
                format!("{member} takes itself for registered, and the registry does not list it")
            }
        }
    }
}

/// Remembers since when they do not agree.
#[derive(Debug, Default)]
pub(super) struct Flags {
    since: BTreeMap<Disagreement, Instant>,
    looked: Option<Instant>,
}

impl Flags {
    /// Those that hold for long enough, of all that are `found` now, with how long they do. Whatever is not found, or cannot be
    /// told for now, begins anew.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        found: BTreeSet<Disagreement>,
    ) -> Vec<(Disagreement, Duration)> {
        let saw = self.looked.is_some_and(|looked| looked + GAP >= now);
        self.looked = Some(now);
        self.since.retain(|one, _| saw && found.contains(one));
        for one in found {
            self.since.entry(one).or_insert(now);
        }
        let held = self.since.iter().map(|(one, since)| (one, now - *since));
        held.filter(|(_, held)| *held >= HOLD)
            .map(|(one, held)| (one.clone(), held))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(of: u8) -> Disagreement {
        Disagreement {
            kind: Kind::CallsUnlisted,
            member: "search-1".to_owned(),
            member_service: "search".to_owned(),
            instance: format!("rate-{of}"),
            service: "rate".to_owned(),
        }
    }

    proptest! {
        /// Against a model that looks back at everything that was ever found.
        #[test]
        fn it_is_told_exactly_while_it_has_held_for_long_enough(
            steps in proptest::collection::vec((1_u64..2_500, proptest::collection::btree_set(0_u8..4, 0..4)), 1..60),
        ) {
            let start = Instant::now();
            let (mut flags, mut now) = (Flags::default(), start);
            let mut history: Vec<(Instant, BTreeSet<u8>)> = Vec::new();
            for (millis, found) in steps {
                now += Duration::from_millis(millis);
                history.push((now, found.clone()));
                let told = flags.judge(now, found.iter().copied().map(one).collect());
                let told: BTreeSet<_> = told.into_iter().map(|(flag, _)| flag.instance).collect();
                for of in 0..4 {
                    let mut since = now;
                    let seen = history.iter().rev().take_while(|(at, found)| {
                        let is_near = since - *at <= GAP;
                        since = *at;
                        is_near && found.contains(&of)
                    });
                    let holds = seen.last().is_some_and(|(since, _)| now - *since >= HOLD);
                    prop_assert_eq!(told.contains(&one(of).instance), holds);
                }
            }
        }
    }
}
