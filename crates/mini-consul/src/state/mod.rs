//! The registry itself: catalog, checks, keys and their indices.
//!
//! A plain struct that is told what time it is and knows nothing of sockets. Every change takes the
//! next index, as a write to Consul's log does; what a blocking query waits for is one of these
//! indices growing.

mod checks;
mod kv;
mod model;
mod query;
mod services;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) use self::kv::{Entry, Kv};
use self::model::{Check, Service};
pub(crate) use self::model::{CheckDefinition, Driver, ServiceDefinition, Status, Weights};
pub(crate) use self::query::Narrow;
use crate::config::Config;

/// The release of Consul whose answers are given.
pub(crate) const CONSUL_VERSION: &str = "1.8.7";
/// The name that Consul's own servers are found under.
const OWN_SERVICE: &str = "consul";
/// The check that says that the node itself is there.
const NODE_CHECK: &str = "serfHealth";

/// A request that cannot be done to the registry as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StateError {
    #[error("ServiceID \"{0}\" does not exist")]
    CheckOfUnknown(String),
    #[error("No service registered with ID \"{0}\"")]
    UnknownService(String),
    #[error("CheckID \"{0}\" does not have associated TTL")]
    NotTtl(String),
}

/// The registry.
#[derive(Debug)]
pub(crate) struct State {
    node: Value,
    node_name: String,
    services: BTreeMap<String, Service>,
    checks: BTreeMap<String, Check>,
    /// By service name in lower case, for Consul does not tell the cases apart.
    service_indices: HashMap<String, u64>,
    last_extinction: u64,
    nodes_index: u64,
    services_index: u64,
    checks_index: u64,
    kv: Kv,
    index: u64,
    revision: u64,
    generation: u64,
    min_deregister_after: Duration,
}

impl State {
    /// A registry that knows its own node and nothing else.
    pub(crate) fn new(config: &Config, address: SocketAddr) -> Self {
        let mut state = Self {
            node: Value::Null,
            node_name: config.node_name.clone(),
            services: BTreeMap::new(),
            checks: BTreeMap::new(),
            service_indices: HashMap::new(),
            last_extinction: 0,
            nodes_index: 0,
            services_index: 0,
            checks_index: 0,
            kv: Kv::default(),
            // Consul elects a leader and writes its own settings before the first node appears.
            index: 10,
            revision: 0,
            generation: 0,
            min_deregister_after: config.min_deregister_after,
        };
        let index = state.next_index();
        state.nodes_index = index;
        state.node = node_view(config, address, index);
        state.add_own_service(address, index);
        state
    }

    /// Grows with every change that a waiting query or a probe could care about.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The node as the catalog shows it.
    pub(crate) fn node(&self) -> &Value {
        &self.node
    }

    /// How many services and checks callers have registered.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let services = self
            .services
            .values()
            .filter(|service| service.local)
            .count();
        (
            services,
            self.checks.values().filter(|check| check.local).count(),
        )
    }

    fn next_index(&mut self) -> u64 {
        self.touch();
        self.index += 1;
        self.index
    }

    fn touch(&mut self) {
        self.revision += 1;
    }

    /// Consul's servers are a service of the catalog, with a check of the node.
    fn add_own_service(&mut self, address: SocketAddr, index: u64) {
        let meta = [
            ("version", CONSUL_VERSION),
            ("raft_version", "3"),
            ("non_voter", "false"),
        ];
        let definition = ServiceDefinition {
            id: OWN_SERVICE.to_owned(),
            name: OWN_SERVICE.to_owned(),
            port: address.port().into(),
            meta: meta
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..ServiceDefinition::default()
        };
        let service = Service {
            definition,
            local: false,
            create_index: index,
            modify_index: index,
        };
        self.services.insert(OWN_SERVICE.to_owned(), service);
        self.service_indices.insert(OWN_SERVICE.to_owned(), index);
        self.services_index = index;
        self.checks_index = index;
        let mut check = self.fixed_check(NODE_CHECK, "Serf Health Status", Status::Passing, index);
        check.catalog_output = "Agent alive and reachable".to_owned();
        check.local = false;
        self.checks.insert(NODE_CHECK.to_owned(), check);
    }
}

fn node_view(config: &Config, address: SocketAddr, index: u64) -> Value {
    let ip = address.ip().to_string();
    let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
    json!({
        "ID": node_id(config),
        "Node": config.node_name,
        "Address": ip,
        "Datacenter": config.datacenter,
        "TaggedAddresses": {
            "lan": ip, format!("lan_{family}"): ip, "wan": ip, format!("wan_{family}"): ip,
        },
        "Meta": {"consul-network-segment": ""},
        "CreateIndex": index,
        "ModifyIndex": index,
    })
}

/// An id in the shape of a UUID, the same after every restart as if it lay in a data folder.
fn node_id(config: &Config) -> String {
    let part = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &config.node_name, &config.datacenter).hash(&mut hasher);
        hasher.finish()
    };
    let (high, low) = (part(0), part(1));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
