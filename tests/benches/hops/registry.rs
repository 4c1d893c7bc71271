//! The registry of one side. Each has its own: members that met in one would call each other's servers, whose CPU time
//! counts for another row.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use bellhop::consul::{Check, Config, Consul, Definition, HealthState, Probe, Weights};
use e2e::Registry;
use tokio::runtime::Builder;

use crate::Failure;

/// Longer than any table takes.
const TTL: Duration = Duration::from_secs(3600);

/// Starts one in this process, where nobody counts its CPU time.
pub(crate) fn registry() -> Result<Registry, Failure> {
    let runtime = Builder::new_current_thread().build()?;
    Ok(runtime.block_on(Registry::mini()))
}

/// So many addresses of a server that listens at all of this machine's, the told one first: an endpoint each to whoever calls.
pub(crate) fn addresses(server: SocketAddr, count: u32) -> Result<Vec<SocketAddr>, Failure> {
    let IpAddr::V4(first) = server.ip() else {
        return Err(format!("not an IPv4 address: {server}").into());
    };
    let address = |number| Ipv4Addr::from(u32::from(first) + number);
    Ok((0..count)
        .map(|number| SocketAddr::from((address(number), server.port())))
        .collect())
}

/// Registers these as instances of a service, as its members do.
pub(crate) fn register(
    registry: &Registry,
    service: &str,
    addresses: &[SocketAddr],
) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let consul = Consul::new(Config::at(&format!("http://{}", registry.address()))?);
        for address in addresses {
            consul.register(&instance(service, *address)).await?;
        }
        Ok(())
    })
}

fn instance(service: &str, address: SocketAddr) -> Definition {
    let id = format!("{service}-{address}");
    Definition {
        name: service.to_owned(),
        address: address.ip().to_string(),
        port: address.port(),
        tags: Vec::new(),
        meta: BTreeMap::from([("bellhop".to_owned(), "1".to_owned())]),
        weights: Weights::default(),
        checks: vec![Check {
            id: format!("{id}:ttl"),
            name: "nobody asks".to_owned(),
            notes: String::new(),
            probe: Probe::Ttl { ttl: TTL },
            status: HealthState::Passing,
            deregister_after: None,
        }],
        id,
    }
}
