//! A client for the few calls of Consul that the mesh needs.

/// A call of Consul that failed.
#[derive(Debug, thiserror::Error)]
#[error("placeholder")]
pub struct Error;
