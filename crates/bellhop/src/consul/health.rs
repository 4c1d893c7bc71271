//! The instances of a service and how they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{
    Consul, Error, Indexed, Query, Weights,
    target::Target,
    wire::{or_default, port},
};

/// The checks by which Consul keeps maintenance.
const NODE_MAINTENANCE: &str = "_node_maintenance";
const SERVICE_MAINTENANCE: &str = "_service_maintenance:";

/// How something is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthState {
    /// Well.
    Passing,
    /// It serves, but something is wrong.
    Warning,
    /// It does not serve, or nobody knows. What Consul says that this client does not know counts as this.
    Critical,
}

impl<'de> Deserialize<'de> for HealthState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let state = String::deserialize(deserializer)?;
        Ok(match state.as_str() {
            "passing" => Self::Passing,
            "warning" => Self::Warning,
            _ => Self::Critical,
        })
    }
}

/// One instance of a service, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Health {
    /// The machine that it runs on.
    pub node: Node,
    /// The instance.
    pub service: CatalogService,
    /// Its checks and those of its node.
    #[serde(default, deserialize_with = "or_default")]
    pub checks: Vec<CheckState>,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Unique within the datacenter.
    #[serde(rename = "Node")]
    pub name: String,
    /// A name or an address.
    #[serde(default, deserialize_with = "or_default")]
    pub address: String,
}

/// An instance of a service as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CatalogService {
    /// Unique at the node.
    #[serde(rename = "ID")]
    pub id: String,
    /// A name or an address; empty where it is that of the node.
    #[serde(default, deserialize_with = "or_default")]
    pub address: String,
    /// TCP; `None` where there is none that can be called.
    #[serde(default, deserialize_with = "port")]
    pub port: Option<u16>,
    /// In the order of the registration.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<String>,
    /// Names and values.
    #[serde(default, deserialize_with = "or_default")]
    pub meta: BTreeMap<String, String>,
    /// Shares of the turns.
    #[serde(default, deserialize_with = "or_default")]
    pub weights: Weights,
    /// The registry's index when this was last written; 0 where it does not say.
    #[serde(default, deserialize_with = "or_default")]
    pub modify_index: u64,
}

/// A check's latest result.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckState {
    /// Unique at the node.
    #[serde(rename = "CheckID")]
    pub id: String,
    /// How the checked thing is.
    pub status: HealthState,
    /// The registry's index when this was last written; 0 where it does not say.
    #[serde(default, deserialize_with = "or_default")]
    pub modify_index: u64,
}

impl Health {
    /// The worst of the checks; maintenance is a critical one.
    pub fn state(&self) -> HealthState {
        self.checks
            .iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(HealthState::Passing)
    }

    /// Whether somebody has taken it, or its node, out of service.
    pub fn is_in_maintenance(&self) -> bool {
        self.checks
            .iter()
            .any(|check| check.id == NODE_MAINTENANCE || check.id.starts_with(SERVICE_MAINTENANCE))
    }

    /// Where to call: the instance's own address, else that of its node; may be empty.
    pub fn host(&self) -> &str {
        if self.service.address.is_empty() {
            &self.node.address
        } else {
            &self.service.address
        }
    }
}

impl Consul {
    /// The instances of a service, whatever their state; none where nobody knows the service.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn health_service(
        &self,
        service: &str,
        query: Query,
    ) -> Result<Indexed<Vec<Health>>, Error> {
        let target = self.global(Target::new("/v1/health/service").segment(service));
        let answer = self.ask(target, query).await?.success()?;
        Ok(answer.indexed(answer.json()?))
    }
}
