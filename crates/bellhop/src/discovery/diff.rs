//! What changed between two sets of instances.

use std::collections::BTreeMap;

use super::{Change, Instance, InstanceId};

/// Instances by their ids.
pub(crate) type Members = BTreeMap<InstanceId, Instance>;

/// Those that may be called, and whether the registry vouches for each.
pub(crate) type Told = BTreeMap<InstanceId, Member>;

/// One that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) instance: Instance,
    /// Not for the registry's word, but for as long as it answers.
    pub(crate) kept: bool,
}

impl Member {
    fn change(&self, id: &InstanceId) -> Change {
        let (id, instance) = (id.clone(), self.instance.clone());
        if self.kept {
            Change::Keep(id, instance)
        } else {
            Change::Insert(id, instance)
        }
    }
}

/// The changes that make `new` of `old`, in the order of the ids, at most one for each.
pub(crate) fn diff(old: &Told, new: &Told) -> Vec<Change> {
    let mut changes: BTreeMap<&InstanceId, Change> = old
        .keys()
        .filter(|id| !new.contains_key(id))
        .map(|id| (id, Change::Remove(id.clone())))
        .collect();
    for (id, member) in new {
        if old.get(id) != Some(member) {
            changes.insert(id, member.change(id));
        }
    }
    changes.into_values().collect()
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    /// An instance that is known by nothing but its id.
    pub(crate) fn instance(id: &str) -> Instance {
        Instance {
            host: format!("{id}.example"),
            port: 1,
            weight: 1,
        }
    }

    pub(crate) fn members(ids: &[&str]) -> Members {
        ids.iter()
            .map(|id| (InstanceId::new(*id), instance(id)))
            .collect()
    }

    /// Does to a set what a change says, and fails where it changes nothing.
    pub(crate) fn apply(set: &mut Told, change: Change) {
        let mut put = |id, instance, kept| {
            let member = Member { instance, kept };
            assert_ne!(set.insert(id, member.clone()), Some(member));
        };
        match change {
            Change::Insert(id, instance) => put(id, instance, false),
            Change::Keep(id, instance) => put(id, instance, true),
            Change::Remove(id) => assert!(set.remove(&id).is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn told() -> impl Strategy<Value = Told> {
        let id = (0_u8..12).prop_map(|id| InstanceId::new(format!("geo-{id}")));
        let member =
            (0_u8..2, 1_u16..3, 1_u32..3, any::<bool>()).prop_map(|(host, port, weight, kept)| {
                Member {
                    instance: Instance {
                        host: format!("10.0.0.{host}"),
                        port,
                        weight,
                    },
                    kept,
                }
            });
        btree_map(id, member, 0..12)
    }

    fn id(change: &Change) -> &InstanceId {
        match change {
            Change::Insert(id, _) | Change::Keep(id, _) | Change::Remove(id) => id,
        }
    }

    proptest! {
        #[test]
        fn applied_to_the_old_set_the_changes_give_the_new_one(old in told(), new in told()) {
            let mut set = old.clone();
            for change in diff(&old, &new) {
                test::apply(&mut set, change);
            }
            prop_assert_eq!(set, new);
        }

        #[test]
        fn changes_come_in_the_order_of_the_ids_one_for_each(old in told(), new in told()) {
            let changes = diff(&old, &new);
            prop_assert!(changes.is_sorted_by(|a, b| id(a) < id(b)));
        }

        #[test]
        fn equal_sets_differ_in_nothing(set in told()) {
            prop_assert_eq!(diff(&set, &set), []);
        }
    }
}
