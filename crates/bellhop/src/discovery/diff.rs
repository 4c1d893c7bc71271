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
    pub(crate) standing: Standing,
}

/// Why an instance may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The registry vouches for it.
    Vouched,
    /// Not for the registry's word, but for as long as it answers.
    Kept,
    /// It is critical, and to be called where too few others answer.
    Spare,
    /// It is critical, and was never known to be well: to be called where nobody else answers.
    Unproven,
}

impl Member {
    /// Whether it is called without need.
    pub(crate) fn is_called(&self) -> bool {
        matches!(self.standing, Standing::Vouched | Standing::Kept)
    }

    /// The same where the registry may have forgotten it.
    pub(crate) fn held(&self) -> Self {
        let standing = match self.standing {
            Standing::Vouched => Standing::Kept,
            other => other,
        };
        Self {
            instance: self.instance.clone(),
            standing,
        }
    }

    fn change(&self, id: &InstanceId) -> Change {
        let (id, instance) = (id.clone(), self.instance.clone());
        match self.standing {
            Standing::Vouched => Change::Insert(id, instance),
            Standing::Kept => Change::Keep(id, instance),
            Standing::Spare => Change::Spare(id, instance),
            Standing::Unproven => Change::Unproven(id, instance),
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
            signs: false,
            version: None,
        }
    }

    pub(crate) fn members(ids: &[&str]) -> Members {
        ids.iter()
            .map(|id| (InstanceId::new(*id), instance(id)))
            .collect()
    }

    /// Does to a set what a change says, and fails where it changes nothing.
    pub(crate) fn apply(set: &mut Told, change: Change) {
        let mut put = |id, instance, standing| {
            let member = Member { instance, standing };
            assert_ne!(set.insert(id, member.clone()), Some(member));
        };
        match change {
            Change::Insert(id, instance) => put(id, instance, Standing::Vouched),
            Change::Keep(id, instance) => put(id, instance, Standing::Kept),
            Change::Spare(id, instance) => put(id, instance, Standing::Spare),
            Change::Unproven(id, instance) => put(id, instance, Standing::Unproven),
            Change::Remove(id) => assert!(set.remove(&id).is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prelude::*};

    use super::*;

    fn standing() -> impl Strategy<Value = Standing> {
        prop::sample::select(vec![
            Standing::Vouched,
            Standing::Kept,
            Standing::Spare,
            Standing::Unproven,
        ])
    }

    fn told() -> impl Strategy<Value = Told> {
        let id = (0_u8..12).prop_map(|id| InstanceId::new(format!("geo-{id}")));
        let member =
            (0_u8..2, 1_u16..3, 1_u32..3, standing()).prop_map(|(host, port, weight, standing)| {
                Member {
                    instance: Instance {
                        host: format!("10.0.0.{host}"),
                        port,
                        weight,
                        signs: weight > 1,
                        version: (port > 1).then(|| "v2".into()),
                    },
                    standing,
                }
            });
        btree_map(id, member, 0..12)
    }

    fn id(change: &Change) -> &InstanceId {
        match change {
            Change::Insert(id, _)
            | Change::Keep(id, _)
            | Change::Spare(id, _)
            | Change::Unproven(id, _)
            | Change::Remove(id) => id,
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
