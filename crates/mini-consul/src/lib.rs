//! A Consul-compatible HTTP agent in miniature, for laptops and tests.
//!
//! One node, no cluster, nothing on disk. It speaks enough of the HTTP API of Consul 1.8 for
//! service meshes, `curl` and the unmodified `consul` command line: services with real checks
//! (TTL, HTTP, TCP and gRPC), catalog, health, keys and values, and blocking queries over all of
//! them. `/ui/` shows what is registered.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! use std::net::SocketAddr;
//! use mini_consul::MiniConsul;
//!
//! let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
//! let registry = MiniConsul::bind(address).await.unwrap();
//! println!("http://{}/ui/", registry.local_addr());
//!
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let serving = tokio::spawn(registry.serve(stopped));
//! // ... until enough:
//! stop.send(()).unwrap();
//! serving.await.unwrap();
//! # });
//! ```
//!
//! # Where it differs
//! A probe takes its first look at once, not after a random part of its interval, and follows no
//! HTTP redirects; every look is a connection of its own. An instance that changes its name counts
//! as news to who waits for the old one. Leader, peers and the port of the service `consul` are
//! the HTTP address, for there is no other. Errors of the network are worded by the operating
//! system. All else that Consul 1.8.7 answers on these paths is meant to be answered alike, and
//! the conformance tests ask both.
//!
//! # What is left out
//! Clusters, access control (tokens are taken and ignored), sessions and locks, transactions,
//! Connect, prepared queries, DNS, script, alias and Docker checks, and checks over TLS. What is
//! left out is refused, not swallowed.

mod app;
mod config;
mod duration;
mod error;
mod filter;
mod http;
mod probe;
mod server;
mod state;
mod tasks;

pub use self::config::{
    Config, DEFAULT_DATACENTER, DEFAULT_MAX_WAITING, DEFAULT_MIN_CHECK_INTERVAL,
    DEFAULT_MIN_DEREGISTER_AFTER, DEFAULT_NODE_NAME, DEFAULT_REAP_INTERVAL,
};
pub use self::error::Error;
pub use self::server::MiniConsul;
