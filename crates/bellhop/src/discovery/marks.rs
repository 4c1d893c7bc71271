//! When what an answer names was written, which shows whether its registry was set back.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::consul::{Health, Indexed};

/// When the registry last wrote what an answer names, counted as it counts: by its index.
///
/// A registry that only goes forward never says that something was written earlier than it said before, and whom it names anew it
/// wrote after the answer that did not name them. The index of the whole answer shows less: it goes on while a snapshot is restored,
/// so one more write, and it is ahead of all that was answered before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// `X-Consul-Index`; 0 where there is none, or not all were named who might be: then who is new shows nothing.
    index: u64,
    /// By node and id.
    instances: HashMap<Name, u64>,
    checks: HashMap<Name, u64>,
}

/// A node and an id at it, in eight bytes: there may be ten thousand, for each service, and two in 2^64 that are taken for each other
/// cost a grace time at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Name(u64);

impl Name {
    fn of(node: &str, id: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (node, id).hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Marks {
    pub(crate) fn of(answer: &Indexed<Vec<Health>>) -> Self {
        let mut marks = Self {
            index: answer.index.filter(|_| !answer.filtered).unwrap_or(0),
            ..Self::default()
        };
        for Health {
            node,
            service,
            checks,
        } in &answer.value
        {
            let name = Name::of(&node.name, &service.id);
            marks.instances.insert(name, service.modify_index);
            for check in checks {
                let name = Name::of(&node.name, &check.id);
                marks.checks.insert(name, check.modify_index);
            }
        }
        marks
    }

    /// Whether a registry that only goes forward cannot say this after that. What it does not say when it wrote shows nothing.
    pub(crate) fn contradict(&self, before: &Self) -> bool {
        let is_new_and_old = |(name, written): (&Name, &u64)| {
            !before.instances.contains_key(name) && (1..=before.index).contains(written)
        };
        goes_back(&before.instances, &self.instances)
            || goes_back(&before.checks, &self.checks)
            || self.instances.iter().any(is_new_and_old)
    }
}

fn goes_back(before: &HashMap<Name, u64>, after: &HashMap<Name, u64>) -> bool {
    after.iter().any(|(name, written)| {
        let before = before.get(name);
        *written > 0 && before.is_some_and(|before| written < before)
    })
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    /// Those of an answer that names these, on one node, each with when it was written.
    pub(crate) fn marks(index: u64, instances: &[(&str, u64)]) -> Marks {
        let instances = instances.iter();
        Marks {
            index,
            instances: instances
                .map(|(id, written)| (Name::of("n", id), *written))
                .collect(),
            checks: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An answer about instances: node, id, when it was written, and when its checks and that of its node were.
    fn answer(index: impl Into<Option<u64>>, instances: &[(&str, &str, u64, [u64; 2])]) -> Marks {
        let health = |(node, id, written, checks): &(&str, &str, u64, [u64; 2])| {
            json!({
                "Node": {"Node": node},
                "Service": {"ID": id, "ModifyIndex": written},
                "Checks": [
                    {"CheckID": format!("service:{id}"), "Status": "passing", "ModifyIndex": checks[0]},
                    {"CheckID": "serfHealth", "Status": "passing", "ModifyIndex": checks[1]},
                ],
            })
        };
        let value: Vec<_> = instances.iter().map(health).collect();
        Marks::of(&Indexed {
            index: index.into(),
            behind: false,
            filtered: false,
            value: serde_json::from_value(json!(value)).unwrap(),
        })
    }

    #[test]
    fn a_registry_that_goes_forward_contradicts_itself_in_nothing() {
        let mut before = Marks::default();
        for after in [
            answer(10, &[("n", "a", 5, [6, 2])]),
            // The same, one that is ill, one that is new, and one that has gone.
            answer(10, &[("n", "a", 5, [6, 2])]),
            answer(12, &[("n", "a", 5, [12, 2])]),
            answer(14, &[("n", "a", 5, [12, 2]), ("n", "b", 13, [14, 2])]),
            answer(15, &[("n", "b", 13, [14, 2])]),
            // One that came back, one whose name was another's, and one at a node that is older than all.
            answer(
                18,
                &[
                    ("n", "a", 16, [17, 2]),
                    ("n", "b", 13, [14, 2]),
                    ("m", "b", 18, [18, 1]),
                ],
            ),
            answer(19, &[]),
        ] {
            assert!(!after.contradict(&before), "{before:?}, then {after:?}");
            before = after;
        }
    }

    #[test]
    fn what_was_written_earlier_than_it_was_is_a_contradiction() {
        let before = answer(20, &[("n", "a", 15, [16, 14]), ("n", "b", 17, [18, 14])]);
        for (is_one, after) in [
            (true, answer(30, &[("n", "a", 5, [16, 14])])),
            (true, answer(30, &[("n", "a", 15, [6, 14])])),
            (true, answer(30, &[("n", "a", 15, [16, 4])])),
            (false, answer(30, &[("n", "a", 15, [16, 14])])),
            (false, answer(30, &[("n", "b", 25, [26, 24])])),
        ] {
            assert_eq!(after.contradict(&before), is_one, "{after:?}");
        }
    }

    #[test]
    fn so_is_somebody_new_who_was_there_all_along() {
        let before = answer(20, &[("n", "a", 15, [16, 14])]);
        for (is_one, node, id, written) in [
            (true, "n", "b", 5),
            (true, "n", "b", 20),
            (false, "n", "b", 21),
            (true, "m", "a", 5),
            (false, "m", "a", 21),
        ] {
            // Whatever the newest of the checks.
            let after = answer(30, &[(node, id, written, [30, 30])]);
            assert_eq!(after.contradict(&before), is_one, "{after:?}");
        }
        // Where nobody was named, too.
        let nobody = answer(20, &[]);
        assert!(answer(30, &[("n", "b", 5, [6, 4])]).contradict(&nobody));
    }

    #[test]
    fn what_is_not_said_shows_nothing() {
        let before = answer(20, &[("n", "a", 15, [16, 14])]);
        let silent = answer(30, &[("n", "a", 0, [0, 0]), ("n", "b", 0, [0, 0])]);
        assert!(!silent.contradict(&before));
        let after = answer(30, &[("n", "a", 5, [6, 4])]);
        assert!(!after.contradict(&silent) && after.contradict(&before));
        // Without an index nobody knows when it was that one was not named.
        let before = answer(None, &[]);
        assert!(!after.contradict(&before));
        // Nor whether one was there, where not all are named.
        let filtered = Marks::of(&Indexed {
            index: Some(20),
            behind: false,
            filtered: true,
            value: Vec::new(),
        });
        assert!(!after.contradict(&filtered));
    }
}
