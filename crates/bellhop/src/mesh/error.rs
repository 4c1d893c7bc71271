//! Why a member cannot be one.

use std::{io, net::SocketAddr};

use crate::{config::ConfigError, registration, server::ProbeError, telemetry};

/// Why a member cannot start, or could not stop as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bad settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened at.
    #[error("cannot listen at {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address of the admin endpoint cannot be listened at.
    #[error("cannot listen at {address} for the admin endpoint (BELLHOP_ADMIN)")]
    Admin {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// No address to tell to callers.
    #[error("cannot tell which address to advertise")]
    Advertise(#[from] registration::NoAddress),
    /// The own address does not answer.
    #[error("{service} does not serve at {address}")]
    NotServing {
        /// The service's name.
        service: String,
        /// The own address.
        address: SocketAddr,
        /// What it answered.
        source: ProbeError,
    },
    /// Spans cannot be exported.
    #[error("cannot export spans")]
    Telemetry(#[from] telemetry::StartError),
    /// The descriptors of the services are none.
    #[error("cannot reflect the services")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A second signal came before all calls were done. Nothing was waited for: threads may still run.
    #[error("stopped at once, calls in flight are lost")]
    Interrupted,
    /// Threads, runtimes, signals.
    #[error("the system refuses a thread or a signal")]
    System(#[from] io::Error),
}
