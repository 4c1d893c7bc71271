//! A client for the few calls of Consul that the mesh needs.
//!
//! Every call is bounded: in time, and in how much of an answer it reads. Whatever Consul (or whoever sits on its port)
//! answers, a call ends with a value or with an [`Error`] that names the call.

mod acl;
mod address;
mod agent;
mod blocking;
mod call;
mod config;
mod credentials;
mod definition;
mod error;
#[cfg(test)]
mod fuzz;
mod health;
mod kv;
mod status;
mod target;
mod tls;
mod transport;
mod unverified;
mod wire;

use std::{fmt, sync::Arc};

pub use acl::Sight;
pub use address::InvalidAddress;
pub use agent::{AgentService, Since};
pub use blocking::{Indexed, Query, WAIT_MAX};
pub use config::Config;
pub(crate) use credentials::TARGET as CREDENTIALS;
pub use definition::{Check, Definition, Probe, Weights};
pub use error::{Call, Error};
pub use health::{CatalogService, CheckState, Health, HealthState, Node};
pub use kv::Pair;
pub use tls::{InvalidTls, Tls, TlsFile, TlsFiles};

use transport::Transport;

/// A client of one Consul agent; clones share its connections.
#[derive(Clone)]
pub struct Consul {
    transport: Arc<Transport>,
}

impl Consul {
    /// A client of the agent that the settings name; connects with the first call.
    pub fn new(config: Config) -> Self {
        Self {
            transport: Arc::new(Transport::new(config)),
        }
    }

    /// Where the agent is, such as `http://127.0.0.1:8500`.
    pub fn address(&self) -> String {
        self.transport.address()
    }

    /// Which token calls are sent with, by how many there were before it.
    pub(crate) async fn token_turn(&self) -> u64 {
        self.transport.credentials.held().await.turn
    }

    /// Waits until the file of the token holds another one; for ever where there is no such file.
    pub(crate) async fn token_after(&self, turn: u64) {
        self.transport.credentials.token_after(turn).await;
    }

    /// What is asked, as it is configured: the agent, and what part of its registry.
    pub(crate) fn origin(&self) -> String {
        let config = &self.transport.config;
        let mut origin = self.address();
        for (name, part) in [("dc", &config.datacenter), ("ns", &config.namespace)] {
            if let Some(part) = part {
                origin = format!("{origin} {name}={part}");
            }
        }
        origin
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Consul").field(&self.address()).finish()
    }
}
