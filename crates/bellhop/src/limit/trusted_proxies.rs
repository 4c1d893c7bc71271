//! Whom a request comes from, behind proxies.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks of proxies whose `X-Forwarded-For` is believed; none by default.
///
/// Reads as addresses and networks with commas between, such as `10.0.0.0/8,192.0.2.1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that names no networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", TrustedProxies::EXPECTED)]
pub struct NoNetworks;

impl TrustedProxies {
    /// What a setting that holds networks should look like.
    pub const EXPECTED: &str =
        "addresses and networks with commas between, such as 10.0.0.0/8,192.0.2.1";

    /// The address of the client that a request comes from; `peer` is the other end of the connection.
    ///
    /// Each proxy adds the address that it was asked from at the right end, so that is where the walk begins, and it goes
    /// on for as long as the address that told the next one is trusted. What is further left anybody may have written. An
    /// entry that is no address ends the walk: the client is then the last proxy that is known.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries {
            let Some(address) = address(entry) else {
                break;
            };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An entry is an address; some proxies add the port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'))
        .unwrap_or(entry);
    let with_port = || entry.parse().ok().map(|address: SocketAddr| address.ip());
    let address = bare.parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

impl FromStr for TrustedProxies {
    type Err = NoNetworks;

    fn from_str(text: &str) -> Result<Self, NoNetworks> {
        let network = |part: &str| {
            let part = part.trim();
            let address = || part.parse::<IpAddr>().ok().map(IpNet::from);
            part.parse().ok().or_else(address).ok_or(NoNetworks)
        };
        text.split(',')
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn proxies() -> TrustedProxies {
        "10.0.0.0/8, 192.0.2.1,2001:db8::/32".parse().unwrap()
    }

    fn client(peer: &str, lines: &[&[u8]]) -> String {
        let lines = lines
            .iter()
            .map(|line| HeaderValue::from_bytes(line).unwrap());
        let headers = lines.map(|line| (X_FORWARDED_FOR, line)).collect();
        proxies()
            .client(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn the_walk_begins_at_the_right_and_passes_trusted_proxies_only() {
        let table: [(&str, &[&[u8]], &str); 17] = [
            // Nobody says anything, or somebody who is not trusted does.
            ("198.51.100.9", &[], "198.51.100.9"),
            ("198.51.100.9", &[b"203.0.113.5"], "198.51.100.9"),
            ("10.1.1.1", &[], "10.1.1.1"),
            // One proxy, two, and what a client made up before them.
            ("10.1.1.1", &[b"203.0.113.5"], "203.0.113.5"),
            ("10.1.1.1", &[b"203.0.113.5, 10.2.2.2"], "203.0.113.5"),
            (
                "10.1.1.1",
                &[b"1.1.1.1, 203.0.113.5, 10.2.2.2"],
                "203.0.113.5",
            ),
            ("10.1.1.1", &[b"10.9.9.9, 203.0.113.5"], "203.0.113.5"),
            // Several lines are one list.
            (
                "10.1.1.1",
                &[b"1.1.1.1", b"203.0.113.5", b"10.2.2.2"],
                "203.0.113.5",
            ),
            // All are trusted: the first of them asks.
            ("10.1.1.1", &[b"10.3.3.3,10.2.2.2"], "10.3.3.3"),
            // Ports and brackets.
            ("10.1.1.1", &[b"203.0.113.5:4711"], "203.0.113.5"),
            ("10.1.1.1", &[b"[2001:db9::7]:4711"], "2001:db9::7"),
            ("10.1.1.1", &[b"2001:db9::7, 2001:db8::1"], "2001:db9::7"),
            ("::ffff:10.1.1.1", &[b"::ffff:203.0.113.5"], "203.0.113.5"),
            // What is no address ends the walk.
            ("10.1.1.1", &[b"203.0.113.5, unknown"], "10.1.1.1"),
            ("10.1.1.1", &[b"203.0.113.5, , 10.2.2.2"], "10.2.2.2"),
            ("10.1.1.1", &[b"203.0.113.5, \xff\xfe"], "10.1.1.1"),
            ("10.1.1.1", &[b""], "10.1.1.1"),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(client(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.1,",
            "localhost",
            "10.0.0.0/8;::/0",
        ] {
            assert_eq!(text.parse::<TrustedProxies>(), Err(NoNetworks), "{text:?}");
        }
        assert!("::/0".parse::<TrustedProxies>().is_ok());
    }

    proptest! {
        #[test]
        fn what_a_client_writes_changes_nothing(written in "[ -~]{0,60}") {
            let line = format!("{written}, 203.0.113.5, 192.0.2.1");
            prop_assert_eq!(client("10.1.1.1", &[line.as_bytes()]), "203.0.113.5");
        }
    }
}
