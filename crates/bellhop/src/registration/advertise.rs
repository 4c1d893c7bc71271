//! Where others find an instance.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use ipnet::IpNet;

use super::{HostPort, Settings};

/// Nobody could find the instance.
#[derive(Debug, thiserror::Error)]
pub enum NoAddress {
    /// Bound to every address of the host, and nothing says which one to advertise.
    #[error(
        "bound to {bound}, which nobody can call: set an address to advertise (BELLHOP_ADVERTISE=HOST:PORT) or a network \
         that holds it (BELLHOP_ADVERTISE_NETWORK=CIDR)"
    )]
    Unspecified {
        /// Where the server is bound.
        bound: SocketAddr,
    },
    /// The host has no address inside the network.
    #[error(
        "bound to {bound}, and no address of this host is inside BELLHOP_ADVERTISE_NETWORK={network}"
    )]
    OutsideNetwork {
        /// Where the server is bound.
        bound: SocketAddr,
        /// The network asked for.
        network: IpNet,
    },
    /// The addresses of this host cannot be listed.
    #[error("cannot list the addresses of this host")]
    Interfaces(#[source] io::Error),
}

/// The address to advertise: the one that is set, else the bound one, else the first of this host inside the network.
pub(crate) fn advertised(
    settings: &Settings,
    bound: SocketAddr,
    addresses: impl FnOnce() -> io::Result<Vec<IpAddr>>,
) -> Result<HostPort, NoAddress> {
    if let Some(advertise) = &settings.advertise {
        return Ok(advertise.clone());
    }
    if !bound.ip().is_unspecified() {
        return Ok(bound.into());
    }
    let network = settings
        .advertise_network
        .ok_or(NoAddress::Unspecified { bound })?;
    addresses()
        .map_err(NoAddress::Interfaces)?
        .into_iter()
        .filter(|address| accepts(bound.ip(), *address))
        .find(|address| network.contains(address))
        .map(|address| SocketAddr::new(address, bound.port()).into())
        .ok_or(NoAddress::OutsideNetwork { bound, network })
}

/// Whether a server bound to all addresses of a family is reached at this one.
fn accepts(bound: IpAddr, address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => true,
        // An address of one link means nothing without the name of the link.
        IpAddr::V6(address) => bound.is_ipv6() && !address.is_unicast_link_local(),
    }
}

/// The addresses of this host, in the order of the system.
pub(crate) fn addresses_of_this_host() -> io::Result<Vec<IpAddr>> {
    let interfaces = if_addrs::get_if_addrs()?;
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: [&str; 5] = [
        "127.0.0.1",
        "fe80::1",
        "10.1.0.7",
        "10.2.0.7",
        "2001:db8::7",
    ];

    fn advertise(
        advertise: Option<&str>,
        network: Option<&str>,
        bound: &str,
    ) -> Result<String, NoAddress> {
        let settings = Settings {
            advertise: advertise.map(|text| text.parse().unwrap()),
            advertise_network: network.map(|text| text.parse().unwrap()),
            ..Settings::default()
        };
        let host = || Ok(HOST.iter().map(|text| text.parse().unwrap()).collect());
        advertised(&settings, bound.parse().unwrap(), host).map(|address| address.to_string())
    }

    #[test]
    fn what_is_set_wins_over_what_is_bound_and_that_over_a_network() {
        let explicit = advertise(Some("geo.example:1"), Some("10.2.0.0/16"), "10.1.0.7:2");
        assert_eq!(explicit.unwrap(), "geo.example:1");
        let bound = advertise(None, Some("10.2.0.0/16"), "10.1.0.7:2");
        assert_eq!(bound.unwrap(), "10.1.0.7:2");
        let network = advertise(None, Some("10.2.0.0/16"), "0.0.0.0:2");
        assert_eq!(network.unwrap(), "10.2.0.7:2");
    }

    #[test]
    fn the_first_address_inside_the_network_is_taken() {
        assert_eq!(
            advertise(None, Some("10.0.0.0/8"), "0.0.0.0:2").unwrap(),
            "10.1.0.7:2"
        );
        assert_eq!(
            advertise(None, Some("::/0"), "[::]:2").unwrap(),
            "[2001:db8::7]:2"
        );
    }

    #[test]
    fn a_server_for_ipv4_is_not_advertised_at_an_ipv6_address() {
        let error = advertise(None, Some("2001:db8::/32"), "0.0.0.0:2").unwrap_err();
        assert!(matches!(error, NoAddress::OutsideNetwork { .. }), "{error}");
    }

    #[test]
    fn without_word_which_address_to_advertise_none_is_guessed() {
        let error = advertise(None, None, "0.0.0.0:2").unwrap_err();
        assert!(
            error.to_string().contains("BELLHOP_ADVERTISE=HOST:PORT"),
            "{error}"
        );
    }

    #[test]
    fn this_host_has_an_address() {
        assert!(!addresses_of_this_host().unwrap().is_empty());
    }
}
