//! Why a registry could not start.

use std::io;
use std::net::SocketAddr;

/// Why a registry could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address could not be listened on: most often the port is taken.
    #[error("mini-consul cannot listen on {address}: {source}")]
    Listen {
        /// The address as it was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// A setting that cannot work.
    #[error("mini-consul: {setting} {reason}")]
    Config {
        /// The setting, named as its method on [`Config`](crate::Config).
        setting: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Error {
    /// Whether somebody else has the port already.
    #[must_use]
    pub fn is_address_in_use(&self) -> bool {
        matches!(self, Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }
}
