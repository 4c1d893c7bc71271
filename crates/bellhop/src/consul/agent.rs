//! The services of the local agent.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::{
    Consul, Definition, Error, HealthState, Weights, blocking,
    target::Target,
    wire::{or_default, port},
};

/// A service as the agent knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentService {
    /// Unique at the agent.
    #[serde(rename = "ID")]
    pub id: String,
    /// The service's name.
    #[serde(rename = "Service")]
    pub name: String,
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
    /// What a later read waits for a change of; empty where the agent gave none.
    #[serde(rename = "ContentHash", default, deserialize_with = "or_default")]
    pub hash: String,
}

/// A change to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since<'a> {
    /// [`AgentService::hash`] of what is known.
    pub hash: &'a str,
    /// How long to wait for a change at most.
    pub wait: Duration,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CheckUpdate<'a> {
    status: HealthState,
    output: &'a str,
}

impl Consul {
    /// Registers a service at the agent, over an older one of the same id.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn register(&self, definition: &Definition) -> Result<(), Error> {
        let target = self.local(Target::new("/v1/agent/service/register"));
        let body = serde_json::to_vec(definition).expect("texts and numbers are JSON");
        self.put(target, body).await.map(drop)
    }

    /// Takes a service off the agent; one that is not there is taken for done.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn deregister(&self, id: &str) -> Result<(), Error> {
        let target = self.local(Target::new("/v1/agent/service/deregister").segment(id));
        match self.put(target, Bytes::new()).await {
            // Older agents answer success here, newer ones say that there is none.
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Reads a service of the agent; with `since`, waits until it differs from that or is gone.
    ///
    /// # Errors
    /// Where the call fails; [`Error::is_not_found`] where the agent has no such service.
    pub async fn agent_service(
        &self,
        id: &str,
        since: Option<Since<'_>>,
    ) -> Result<AgentService, Error> {
        let mut target = self.local(Target::new("/v1/agent/service").segment(id));
        let mut patience = Duration::ZERO;
        if let Some(Since { hash, wait }) = since.filter(|since| !since.hash.is_empty()) {
            target = target
                .query("hash", hash)
                .query("wait", &blocking::wait_text(wait));
            patience = blocking::longest(wait);
        }
        let answer = self
            .transport
            .send(Method::GET, target, Bytes::new(), patience)
            .await?
            .success()?;
        let mut service: AgentService = answer.json()?;
        if let Some(hash) = answer.header("x-consul-contenthash") {
            hash.clone_into(&mut service.hash);
        }
        Ok(service)
    }

    /// Reads all services of the agent that have this name.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn agent_services(&self, name: &str) -> Result<Vec<AgentService>, Error> {
        let target = self
            .local(Target::new("/v1/agent/services"))
            .query("filter", &format!("Service == {name:?}"));
        let answer = self
            .transport
            .send(Method::GET, target, Bytes::new(), Duration::ZERO)
            .await?
            .success()?;
        let services: BTreeMap<String, AgentService> = answer.json()?;
        Ok(services.into_values().collect())
    }

    /// Reports the state of a TTL check.
    ///
    /// # Errors
    /// Where the call fails: the agent having no such TTL check is a status of 404 or, from older ones, 500.
    pub async fn update_check(
        &self,
        check: &str,
        status: HealthState,
        output: &str,
    ) -> Result<(), Error> {
        let target = self.local(Target::new("/v1/agent/check/update").segment(check));
        let update = CheckUpdate { status, output };
        let body = serde_json::to_vec(&update).expect("texts are JSON");
        self.put(target, body).await.map(drop)
    }

    /// Puts a service of the agent into maintenance, or takes it out.
    ///
    /// # Errors
    /// Where the call fails; [`Error::is_not_found`] where the agent has no such service.
    pub async fn maintenance(&self, id: &str, enable: bool, reason: &str) -> Result<(), Error> {
        let target = Target::new("/v1/agent/service/maintenance")
            .segment(id)
            .query("enable", if enable { "true" } else { "false" })
            .query("reason", reason);
        self.put(self.local(target), Bytes::new()).await.map(drop)
    }
}
