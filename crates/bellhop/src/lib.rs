//! A Consul-discovered gRPC mesh for tonic services, without sidecars.

mod backoff;
pub mod config;
pub mod consul;
pub mod context;
pub mod discovery;
pub mod registration;
pub mod telemetry;
