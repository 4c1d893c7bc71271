//! The side of the mesh that faces Consul: a real one where there is one, and servers that only claim to be.

mod acl;
mod client;
mod credentials;
mod discovery;
mod dropped;
mod endless;
mod fuzz;
mod hostile;
mod life;
mod oddities;
mod registration;
mod set_back;
mod tls;

#[path = "../../src/heard.rs"]
#[allow(dead_code, reason = "tests beside the code wait for lines, too")]
mod heard;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use bellhop::consul::{Check, Definition, HealthState, Probe, Weights};

/// A service with one TTL check in a given state.
fn definition(id: &str, status: HealthState) -> Definition {
    let address: SocketAddr = "127.0.0.1:4711".parse().unwrap();
    Definition {
        id: id.to_owned(),
        name: "geo".to_owned(),
        address: address.ip().to_string(),
        port: address.port(),
        tags: vec!["blue".to_owned()],
        meta: BTreeMap::from([("version".to_owned(), "1".to_owned())]),
        weights: Weights {
            passing: 3,
            warning: 2,
        },
        checks: vec![Check {
            id: format!("service:{id}"),
            name: "ttl".to_owned(),
            notes: String::new(),
            probe: Probe::Ttl {
                ttl: Duration::from_secs(600),
            },
            status,
            deregister_after: None,
        }],
    }
}
