//! What changed between two sets of instances.

use std::collections::BTreeMap;

use super::{Change, Instance, InstanceId};

/// Instances by their ids.
pub(crate) type Instances = BTreeMap<InstanceId, Instance>;

/// The changes that make `new` of `old`, in the order of the ids, at most one for each.
pub(crate) fn diff(old: &Instances, new: &Instances) -> Vec<Change> {
    let mut changes: BTreeMap<&InstanceId, Change> = old
        .keys()
        .filter(|id| !new.contains_key(id))
        .map(|id| (id, Change::Remove(id.clone())))
        .collect();
    for (id, instance) in new {
        if old.get(id) != Some(instance) {
            changes.insert(id, Change::Insert(id.clone(), instance.clone()));
        }
    }
    changes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn instances() -> impl Strategy<Value = Instances> {
        let id = (0_u8..12).prop_map(|id| InstanceId::new(format!("geo-{id}")));
        let instance = (0_u8..2, 1_u16..3, 1_u32..3).prop_map(|(host, port, weight)| Instance {
            host: format!("10.0.0.{host}"),
            port,
            weight,
        });
        btree_map(id, instance, 0..12)
    }

    fn id(change: &Change) -> &InstanceId {
        match change {
            Change::Insert(id, _) | Change::Remove(id) => id,
        }
    }

    proptest! {
        #[test]
        fn applied_to_the_old_set_the_changes_give_the_new_one(old in instances(), new in instances()) {
            let mut set = old.clone();
            for change in diff(&old, &new) {
                match change {
                    Change::Insert(id, instance) => {
                        // Each change changes something.
                        prop_assert_ne!(set.insert(id, instance.clone()), Some(instance));
                    }
                    Change::Remove(id) => prop_assert!(set.remove(&id).is_some()),
                }
            }
            prop_assert_eq!(set, new);
        }

        #[test]
        fn changes_come_in_the_order_of_the_ids_one_for_each(old in instances(), new in instances()) {
            let changes = diff(&old, &new);
            prop_assert!(changes.is_sorted_by(|a, b| id(a) < id(b)));
        }

        #[test]
        fn equal_sets_differ_in_nothing(set in instances()) {
            prop_assert_eq!(diff(&set, &set), []);
        }
    }
}
