//! Probes: one look at a service over HTTP, TCP or gRPC.

mod grpc;
mod http;
mod tcp;

use std::time::Duration;

use tokio::time::timeout;

pub(crate) use self::grpc::GrpcTarget;
pub(crate) use self::http::HttpTarget;
use crate::state::Status;

/// What a probe looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Http(HttpTarget),
    /// `host:port`
    Tcp(String),
    Grpc(GrpcTarget),
}

/// A look at something, and how often to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) target: Target,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

/// What a look said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) status: Status,
    pub(crate) output: String,
}

impl Finding {
    fn passing(output: impl Into<String>) -> Self {
        Self {
            status: Status::Passing,
            output: output.into(),
        }
    }

    fn critical(output: impl Into<String>) -> Self {
        Self {
            status: Status::Critical,
            output: output.into(),
        }
    }
}

impl Probe {
    /// The word of Consul's `Type` for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.target {
            Target::Http(_) => "http",
            Target::Tcp(_) => "tcp",
            Target::Grpc(_) => "grpc",
        }
    }

    /// Takes one look, bounded by the timeout.
    pub(crate) async fn look(&self) -> Finding {
        let looking = async {
            match &self.target {
                Target::Http(target) => http::look(target).await,
                Target::Tcp(address) => tcp::look(address).await,
                Target::Grpc(target) => grpc::look(target).await,
            }
        };
        let late =
            || Finding::critical(format!("no answer within {:?}: i/o timeout", self.timeout));
        timeout(self.timeout, looking)
            .await
            .unwrap_or_else(|_| late())
    }
}
