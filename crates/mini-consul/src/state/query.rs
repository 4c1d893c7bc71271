//! What can be asked of the registry, and the index that each answer stands at.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::model::{Check, Service, Status};
use super::{Kv, State};

/// How a service is to be narrowed down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrow {
    pub(crate) tags: Vec<String>,
    pub(crate) node_meta: Vec<(String, String)>,
    pub(crate) passing: bool,
}

impl State {
    /// The instances of a service, by id.
    pub(super) fn instances<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Service> {
        self.services
            .values()
            .filter(move |service| service.definition.name.eq_ignore_ascii_case(name))
    }

    /// The index of everything about one service: its instances and their checks.
    ///
    /// A name that nobody has stands at the last time that any name went, so that who waits for a
    /// service to appear is not woken by the doings of others.
    pub(crate) fn service_index(&self, name: &str) -> u64 {
        let absent = if self.last_extinction > 0 {
            self.last_extinction
        } else {
            self.nodes_index
        };
        self.service_indices
            .get(&name.to_ascii_lowercase())
            .copied()
            .unwrap_or(absent)
    }

    pub(crate) fn services_index(&self) -> u64 {
        self.services_index
    }

    pub(crate) fn checks_index(&self) -> u64 {
        self.checks_index
    }

    pub(crate) fn nodes_index(&self) -> u64 {
        self.nodes_index
    }

    pub(crate) fn kv(&self) -> &Kv {
        &self.kv
    }

    /// Does something to the keys at the next index.
    pub(crate) fn change_kv<T>(&mut self, change: impl FnOnce(&mut Kv, u64) -> T) -> T {
        let index = self.next_index();
        change(&mut self.kv, index)
    }

    /// `/v1/agent/services`.
    pub(crate) fn agent_services(&self) -> BTreeMap<String, Value> {
        let local = self.services.iter().filter(|(_, service)| service.local);
        local
            .map(|(id, service)| (id.clone(), service.definition.agent_view()))
            .collect()
    }

    /// `/v1/agent/service/ID`, without its hash.
    pub(crate) fn agent_service(&self, id: &str) -> Option<Value> {
        let service = self.services.get(id).filter(|service| service.local)?;
        Some(service.definition.agent_view())
    }

    /// `/v1/agent/checks`.
    pub(crate) fn agent_checks(&self) -> BTreeMap<String, Value> {
        let local = self.checks.iter().filter(|(_, check)| check.local);
        local
            .map(|(id, check)| (id.clone(), check.agent_view(&self.node_name)))
            .collect()
    }

    /// `/v1/agent/health/service/...`: the worst state of each instance that is wanted, with it.
    pub(crate) fn agent_health(
        &self,
        wanted: impl Fn(&Value) -> bool,
    ) -> Vec<(&'static str, Value)> {
        let views = self
            .agent_services()
            .into_iter()
            .filter(|(_, view)| wanted(view));
        views
            .map(|(id, service)| {
                let of_it = |check: &&Check| {
                    check.local && (check.service_id == id || check.service_id.is_empty())
                };
                let checks: Vec<_> = self.checks.values().filter(of_it).collect();
                let status = aggregate(&checks);
                let checks: Vec<_> = checks
                    .iter()
                    .map(|check| check.agent_view(&self.node_name))
                    .collect();
                (
                    status,
                    json!({"AggregatedStatus": status, "Service": service, "Checks": checks}),
                )
            })
            .collect()
    }

    /// `/v1/catalog/services`: the tags of each name.
    pub(crate) fn catalog_services(&self, narrow: &Narrow) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        if self.node_matches(narrow) {
            for service in self.services.values() {
                let tags = service.definition.tags.iter().map(String::as_str);
                names
                    .entry(&service.definition.name)
                    .or_default()
                    .extend(tags);
            }
        }
        names
    }

    /// `/v1/catalog/service/NAME`.
    pub(crate) fn catalog_service(&self, name: &str, narrow: &Narrow) -> Vec<Value> {
        self.narrowed(name, narrow)
            .map(|service| service.catalog_view(&self.node))
            .collect()
    }

    /// `/v1/catalog/nodes`.
    pub(crate) fn catalog_nodes(&self, narrow: &Narrow) -> Vec<Value> {
        if self.node_matches(narrow) {
            vec![self.node.clone()]
        } else {
            Vec::new()
        }
    }

    /// `/v1/catalog/node/NAME`, for the one node there is.
    pub(crate) fn catalog_node(&self, name: &str) -> Value {
        if !name.eq_ignore_ascii_case(&self.node_name) {
            return Value::Null;
        }
        let services: BTreeMap<_, _> = self
            .services
            .iter()
            .map(|(id, service)| (id, service.node_view()))
            .collect();
        json!({"Node": self.node, "Services": services})
    }

    /// `/v1/health/service/NAME`: instances with the node's checks and their own.
    pub(crate) fn health_service(&self, name: &str, narrow: &Narrow) -> Vec<Value> {
        let mut answer = Vec::new();
        let checks = self.checks_by_service();
        for service in self.narrowed(name, narrow) {
            // The node's come first.
            let ids = ["", &service.definition.id];
            let checks = || ids.iter().filter_map(|id| checks.get(id)).flatten();
            if narrow.passing && checks().any(|check| check.status != Status::Passing) {
                continue;
            }
            let checks: Vec<_> = checks()
                .map(|check| check.catalog_view(&self.node_name))
                .collect();
            answer
                .push(json!({"Node": self.node, "Service": service.node_view(), "Checks": checks}));
        }
        answer
    }

    /// `/v1/health/checks/NAME`.
    pub(crate) fn health_checks(&self, name: &str, narrow: &Narrow) -> Vec<Value> {
        let named =
            |check: &&Check| !name.is_empty() && check.service_name.eq_ignore_ascii_case(name);
        self.check_views(narrow, named)
    }

    /// `/v1/health/state/STATE`, where `any` is every state.
    pub(crate) fn health_state(&self, state: &str, narrow: &Narrow) -> Vec<Value> {
        self.check_views(narrow, |check| {
            state == "any" || check.status.as_str() == state
        })
    }

    /// `/v1/health/node/NAME`.
    pub(crate) fn health_node(&self, name: &str) -> Vec<Value> {
        self.check_views(&Narrow::default(), |_| {
            name.eq_ignore_ascii_case(&self.node_name)
        })
    }

    /// Checks by the ids of their instances, those of the node by none.
    fn checks_by_service(&self) -> BTreeMap<&str, Vec<&Check>> {
        let mut by_service: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
        for check in self.checks.values() {
            let of_it = by_service.entry(&check.service_id).or_default();
            of_it.push(check);
        }
        by_service
    }

    fn check_views(&self, narrow: &Narrow, wanted: impl Fn(&&Check) -> bool) -> Vec<Value> {
        if !self.node_matches(narrow) {
            return Vec::new();
        }
        self.checks
            .values()
            .filter(wanted)
            .map(|check| check.catalog_view(&self.node_name))
            .collect()
    }

    fn narrowed<'a>(
        &'a self,
        name: &'a str,
        narrow: &'a Narrow,
    ) -> impl Iterator<Item = &'a Service> {
        let has = |service: &Service, tag: &String| {
            service
                .definition
                .tags
                .iter()
                .any(|own| own.eq_ignore_ascii_case(tag))
        };
        let fits = move |service: &&Service| narrow.tags.iter().all(|tag| has(service, tag));
        self.instances(name)
            .filter(move |service| self.node_matches(narrow) && fits(service))
    }

    fn node_matches(&self, narrow: &Narrow) -> bool {
        narrow
            .node_meta
            .iter()
            .all(|(key, value)| self.node["Meta"][key] == json!(value))
    }
}

fn aggregate(checks: &[&Check]) -> &'static str {
    let worst = checks
        .iter()
        .map(|check| check.status)
        .max()
        .unwrap_or(Status::Passing);
    let maintained = checks.iter().any(|check| check.kind == "maintenance");
    if maintained {
        "maintenance"
    } else {
        worst.as_str()
    }
}
