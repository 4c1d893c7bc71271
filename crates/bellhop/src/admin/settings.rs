//! Where the admin endpoint listens.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::config::Reader;

/// Any free port, for this host alone: what is told there is for who looks after the member.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where the admin endpoint listens.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `None` where there is none.
    pub(crate) address: Option<SocketAddr>,
}

impl Settings {
    /// Reads `BELLHOP_ADMIN`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        const NAME: &str = "BELLHOP_ADMIN";
        let expected = "an address and a port, such as 127.0.0.1:9000, or off";
        Self {
            address: reader.or_off(NAME, Some(ADDRESS), |reader| reader.parse(NAME, expected)),
        }
    }
}
