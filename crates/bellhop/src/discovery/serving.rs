//! Which of the registered instances may be called.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Instance, InstanceId, diff::Members};
use crate::{
    consul::{Health, HealthState},
    identity::META,
    registration::VERSION,
};

/// What an answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Serving {
    /// Those that may be called.
    pub(crate) instances: Members,
    /// Those that would, were they well.
    pub(crate) critical: Members,
    /// Those that somebody has taken out of service.
    pub(crate) withdrawn: BTreeSet<InstanceId>,
    /// Those that would, had they an address and a port.
    pub(crate) unusable: BTreeSet<InstanceId>,
    /// All, whatever their state.
    pub(crate) registered: usize,
}

impl Serving {
    /// Whether it has an instance in some state.
    pub(crate) fn names(&self, id: &InstanceId) -> bool {
        self.instances.contains_key(id)
            || self.critical.contains_key(id)
            || self.withdrawn.contains(id)
    }
}

/// Sorts an answer: passing and warning instances serve, each by the weight of its state, and a weight is at least 1. One in
/// maintenance is not ill: somebody wants it out of service.
pub(crate) fn serving(answer: &[Health]) -> Serving {
    let mut serving = Serving {
        registered: answer.len(),
        ..Serving::default()
    };
    for (id, health) in named(answer) {
        let state = health.state();
        match instance(health, state) {
            _ if health.is_in_maintenance() => drop(serving.withdrawn.insert(id)),
            Some(instance) if state == HealthState::Critical => {
                serving.critical.insert(id, instance);
            }
            Some(instance) => drop(serving.instances.insert(id, instance)),
            None if state == HealthState::Critical => {}
            None => drop(serving.unusable.insert(id)),
        }
    }
    serving
}

/// The instances, each with an id of its own: ids are unique at an agent only, and two agents may each have a `geo-1`.
pub(crate) fn named(answer: &[Health]) -> impl Iterator<Item = (InstanceId, &Health)> {
    let mut nodes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for health in answer {
        nodes
            .entry(&health.service.id)
            .or_default()
            .insert(&health.node.name);
    }
    answer.iter().map(move |health| {
        let id = &health.service.id;
        let id = match &nodes[id.as_str()] {
            nodes if nodes.len() > 1 => InstanceId::new(format!("{}/{id}", health.node.name)),
            _ => InstanceId::new(id.as_str()),
        };
        (id, health)
    })
}

fn instance(health: &Health, state: HealthState) -> Option<Instance> {
    let weights = health.service.weights;
    let weight = match state {
        HealthState::Passing => weights.passing,
        HealthState::Warning | HealthState::Critical => weights.warning,
    };
    Some(Instance {
        host: host(health)?,
        port: health.service.port?,
        weight: weight.max(1),
        signs: health.service.meta.contains_key(META),
        version: version(health),
    })
}

/// An empty one is none.
fn version(health: &Health) -> Option<Arc<str>> {
    let version = health.service.meta.get(VERSION)?;
    (!version.is_empty()).then(|| version.as_str().into())
}

fn host(health: &Health) -> Option<String> {
    let host = health.host().trim();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    (!bare.is_empty()).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn health(node: &str, id: &str, address: &str, port: i64, checks: &[&str]) -> Health {
        let checks: Vec<_> = checks
            .iter()
            .map(|status| json!({"CheckID": "c", "Status": status}))
            .collect();
        serde_json::from_value(json!({
            "Node": {"Node": node, "Address": "10.0.0.9"},
            "Service": {"ID": id, "Address": address, "Port": port, "Weights": {"Passing": 5, "Warning": 0}},
            "Checks": checks,
        }))
        .unwrap()
    }

    fn calls(serving: &Serving) -> Vec<String> {
        serving
            .instances
            .iter()
            .map(|(id, instance)| {
                let Instance {
                    host, port, weight, ..
                } = instance;
                format!("{id} {host} {port} x{weight}")
            })
            .collect()
    }

    #[test]
    fn the_worst_check_decides() {
        let serving = serving(&[
            health("n", "none", "10.0.0.1", 1, &[]),
            health("n", "well", "10.0.0.1", 1, &["passing", "passing"]),
            health("n", "odd", "10.0.0.1", 1, &["passing", "warning"]),
            health("n", "ill", "10.0.0.1", 1, &["critical", "passing"]),
            health("n", "new", "10.0.0.1", 1, &["passing", "what-is-this"]),
        ]);
        assert_eq!(
            calls(&serving),
            [
                "none 10.0.0.1 1 x5",
                "odd 10.0.0.1 1 x1",
                "well 10.0.0.1 1 x5"
            ]
        );
        assert_eq!(serving.registered, 5);
        let critical: Vec<_> = serving.critical.keys().map(InstanceId::as_str).collect();
        assert_eq!(critical, ["ill", "new"]);
    }

    #[test]
    fn maintenance_is_no_illness() {
        let mut in_maintenance = health("n", "a", "10.0.0.1", 1, &["passing", "critical"]);
        in_maintenance.checks[1].id = "_service_maintenance:a".to_owned();
        let mut on_the_node = health("n", "b", "10.0.0.1", 1, &["critical"]);
        on_the_node.checks[0].id = "_node_maintenance".to_owned();
        let serving = serving(&[in_maintenance, on_the_node]);
        assert!(serving.instances.is_empty() && serving.critical.is_empty());
        assert_eq!(serving.withdrawn.len(), 2);
    }

    #[test]
    fn the_nodes_address_stands_in_and_brackets_go() {
        let serving = serving(&[
            health("n", "a", "", 1, &[]),
            health("n", "b", "[2001:db8::1]", 1, &[]),
        ]);
        assert_eq!(calls(&serving), ["a 10.0.0.9 1 x5", "b 2001:db8::1 1 x5"]);
    }

    #[test]
    fn what_cannot_be_called_is_set_apart() {
        let serving = serving(&[
            health("n", "a", "10.0.0.1", 0, &[]),
            health("n", "b", "10.0.0.1", 70_000, &[]),
            health("n", "c", "[]", 1, &[]),
        ]);
        assert!(serving.instances.is_empty());
        assert_eq!(serving.unusable.len(), 3);
        assert_eq!(serving.registered, 3);
    }

    #[test]
    fn members_are_known_to_say_who_they_are() {
        let mut member = health("n", "a", "10.0.0.1", 1, &[]);
        member.service.meta.insert(META.to_owned(), "1".to_owned());
        let serving = serving(&[member, health("n", "b", "10.0.0.2", 1, &[])]);
        let signs: Vec<_> = serving.instances.values().map(|one| one.signs).collect();
        assert_eq!(signs, [true, false]);
    }

    #[test]
    fn versions_are_read_where_they_are_said() {
        let of = |version: Option<&str>| {
            let mut one = health("n", "a", "10.0.0.1", 1, &[]);
            let version = version.map(|version| (VERSION.to_owned(), version.to_owned()));
            one.service.meta.extend(version);
            let serving = serving(&[one]);
            let (_, instance) = serving.instances.into_iter().next().unwrap();
            instance.version
        };
        assert_eq!(of(Some("v2")).as_deref(), Some("v2"));
        assert_eq!((of(Some("")), of(None)), (None, None));
    }

    #[test]
    fn the_same_id_on_two_nodes_is_two_instances() {
        let serving = serving(&[
            health("east", "geo-1", "10.0.0.1", 1, &[]),
            health("west", "geo-1", "10.0.0.2", 1, &[]),
            health("west", "geo-2", "10.0.0.3", 1, &[]),
        ]);
        assert_eq!(
            calls(&serving),
            [
                "east/geo-1 10.0.0.1 1 x5",
                "geo-2 10.0.0.3 1 x5",
                "west/geo-1 10.0.0.2 1 x5"
            ]
        );
    }
}
