//! A Consul-discovered gRPC mesh for tonic services, without sidecars.
//!
//! A tonic service becomes a member of the mesh in a few lines: it registers itself in Consul once it serves, stays registered,
//! and leaves without losing a call.
//!
//! ```no_run
//! use bellhop::{Mesh, Services};
//! # use tonic_health::{pb::health_server::HealthServer, server::{HealthReporter, HealthService}};
//!
//! fn main() -> Result<(), bellhop::Error> {
//! #   let greeter = || HealthServer::new(HealthService::from_health_reporter(HealthReporter::new()));
//!     Mesh::from_env("greeter")?.run(|_mesh| Services::new().with(greeter()))
//! }
//! ```
//!
//! Others call it by its name, round robin over all its instances:
//!
//! ```no_run
//! # use bellhop::Mesh;
//! # use tonic_health::pb::health_client::HealthClient as GreeterClient;
//! # async fn call() -> Result<(), bellhop::Error> {
//! let mesh = Mesh::from_env("greeter-client")?;
//! let client = GreeterClient::new(mesh.channel("greeter"));
//! # Ok(())
//! # }
//! ```
//!
//! Settings come from the environment, under the names that people know: `CONSUL_HTTP_ADDR` and its kin, `OTEL_*`, and
//! `BELLHOP_*` for what is the mesh's own. Every bad one is named at once.

mod admin;
mod backoff;
pub mod balance;
mod breaker;
mod channelz;
pub mod client;
pub mod config;
pub mod consul;
pub mod context;
mod deadline;
pub mod discovery;
#[cfg(test)]
#[path = "../tests/support/dropped.rs"]
mod dropped;
mod endpoint;
mod explain;
#[cfg(test)]
mod fuzz;
mod hash;
#[cfg(test)]
mod heard;
mod http2;
mod identity;
pub mod limit;
pub mod logs;
mod mesh;
mod neighbours;
mod one_line;
pub mod outage;
pub mod overview;
pub mod registration;
pub mod server;
mod shards;
pub mod split;
pub mod telemetry;
mod upstream;

pub use admin::{BadFilter, LogFilter};
pub use client::Channel;
pub use context::spawn;
pub use mesh::{
    Error, MemberReport, Mesh, Phase, RegistrationReport, ServedReport, Serving, StopSignals,
};
pub use neighbours::Neighbours;
pub use server::{App, Services};
pub use shards::Shards;
