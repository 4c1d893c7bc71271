//! The records of the registry and the JSON that Consul shows of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::probe::Probe;

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Passing,
    Warning,
    Critical,
}

impl Status {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Passing, Self::Warning, Self::Critical]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "passing",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The weights of an instance in DNS and, for clients that care, in balancing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weights {
    pub(crate) passing: i64,
    pub(crate) warning: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            passing: 1,
            warning: 1,
        }
    }
}

/// What a caller says about an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceDefinition {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) tags: Vec<String>,
    pub(crate) address: String,
    pub(crate) tagged_addresses: BTreeMap<String, (String, i64)>,
    pub(crate) meta: BTreeMap<String, String>,
    pub(crate) port: i64,
    pub(crate) weights: Weights,
    pub(crate) enable_tag_override: bool,
}

/// What drives a check.
#[derive(Clone, Debug)]
pub(crate) enum Driver {
    /// Nobody but the agent itself.
    Fixed,
    /// Callers, who must speak before it expires.
    Ttl(Duration),
    /// A probe of ours.
    Probe(Arc<Probe>),
}

/// What a caller says about a check.
#[derive(Clone, Debug)]
pub(crate) struct CheckDefinition {
    /// Empty where the registry is to choose one.
    pub(crate) id: String,
    /// Empty where the registry is to choose one.
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) status: Option<Status>,
    pub(crate) driver: Driver,
    pub(crate) deregister_after: Option<Duration>,
    pub(crate) success_before_passing: u64,
    pub(crate) failures_before_critical: u64,
}

/// An instance in the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) definition: ServiceDefinition,
    /// Whether the agent shows it; Consul's own service is in the catalog only.
    pub(crate) local: bool,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// A check in the catalog.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) notes: String,
    pub(crate) kind: &'static str,
    pub(crate) status: Status,
    /// What the agent heard last.
    pub(crate) output: String,
    /// What the catalog shows: an output alone is no news to Consul's servers.
    pub(crate) catalog_output: String,
    pub(crate) service_id: String,
    pub(crate) service_name: String,
    pub(crate) service_tags: Vec<String>,
    pub(crate) local: bool,
    pub(crate) driver: Driver,
    /// Changes whenever the check is registered anew, so that a probe of the old one is not heard.
    pub(crate) generation: u64,
    pub(crate) expires: Option<Instant>,
    pub(crate) critical_since: Option<Instant>,
    pub(crate) deregister_after: Option<Duration>,
    pub(crate) success_before_passing: u64,
    pub(crate) failures_before_critical: u64,
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

impl ServiceDefinition {
    fn tagged(&self) -> Value {
        let entry = |(name, (address, port)): (&String, &(String, i64))| {
            (name.clone(), json!({"Address": address, "Port": port}))
        };
        Value::Object(self.tagged_addresses.iter().map(entry).collect())
    }

    /// As `/v1/agent/services` shows it.
    pub(crate) fn agent_view(&self) -> Value {
        let mut view = json!({
            "ID": self.id,
            "Service": self.name,
            "Tags": self.tags,
            "Meta": self.meta,
            "Port": self.port,
            "Address": self.address,
            "Weights": {"Passing": self.weights.passing, "Warning": self.weights.warning},
            "EnableTagOverride": self.enable_tag_override,
        });
        self.add_optional(&mut view, "TaggedAddresses");
        if !self.kind.is_empty() {
            view["Kind"] = json!(self.kind);
        }
        view
    }

    /// Consul leaves an empty map of addresses out.
    fn add_optional(&self, view: &mut Value, key: &str) {
        if !self.tagged_addresses.is_empty() {
            view[key] = self.tagged();
        }
    }
}

impl Service {
    /// As `/v1/health/service` and `/v1/catalog/node` show it.
    pub(crate) fn node_view(&self) -> Value {
        let mut view = self.definition.agent_view();
        if self.definition.meta.is_empty() {
            view["Meta"] = Value::Null;
        }
        view["Proxy"] = json!({"MeshGateway": {}, "Expose": {}});
        view["Connect"] = json!({});
        view["CreateIndex"] = json!(self.create_index);
        view["ModifyIndex"] = json!(self.modify_index);
        view
    }

    /// As `/v1/catalog/service` shows it: the node and the instance in one flat record.
    pub(crate) fn catalog_view(&self, node: &Value) -> Value {
        let own = &self.definition;
        let mut view = json!({
            "ID": node["ID"],
            "Node": node["Node"],
            "Address": node["Address"],
            "Datacenter": node["Datacenter"],
            "TaggedAddresses": node["TaggedAddresses"],
            "NodeMeta": node["Meta"],
            "ServiceKind": own.kind,
            "ServiceID": own.id,
            "ServiceName": own.name,
            "ServiceTags": own.tags,
            "ServiceAddress": own.address,
            "ServiceWeights": {"Passing": own.weights.passing, "Warning": own.weights.warning},
            "ServiceMeta": own.meta,
            "ServicePort": own.port,
            "ServiceEnableTagOverride": own.enable_tag_override,
            "ServiceProxy": {"MeshGateway": {}, "Expose": {}},
            "ServiceConnect": {},
            "CreateIndex": self.create_index,
            "ModifyIndex": self.modify_index,
        });
        own.add_optional(&mut view, "ServiceTaggedAddresses");
        view
    }
}

impl Check {
    /// As the health endpoints show it.
    pub(crate) fn catalog_view(&self, node: &str) -> Value {
        self.view(
            node,
            &self.catalog_output,
            self.create_index,
            self.modify_index,
        )
    }

    /// As `/v1/agent/checks` shows it: the newest output, and no index.
    pub(crate) fn agent_view(&self, node: &str) -> Value {
        self.view(node, &self.output, 0, 0)
    }

    fn view(&self, node: &str, output: &str, create_index: u64, modify_index: u64) -> Value {
        json!({
            "Node": node,
            "CheckID": self.id,
            "Name": self.name,
            "Status": self.status.as_str(),
            "Notes": self.notes,
            "Output": output,
            "ServiceID": self.service_id,
            "ServiceName": self.service_name,
            "ServiceTags": self.service_tags,
            "Type": self.kind,
            "Definition": {},
            "CreateIndex": create_index,
            "ModifyIndex": modify_index,
        })
    }
}
