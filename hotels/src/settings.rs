//! Options of the command line as the settings that the mesh reads.

use std::{collections::BTreeMap, net::SocketAddr};

use crate::cli::{Advertise, Common};

/// Settings by name; an empty value hides what the environment says.
pub(crate) type Settings = BTreeMap<String, String>;

/// What all members of a process have.
pub(crate) fn common(common: &Common) -> Settings {
    let mut settings = Settings::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            settings.insert(name.to_owned(), value);
        }
    };
    set("CONSUL_HTTP_ADDR", common.consul.clone());
    set(
        "BELLHOP_SHARDS",
        common.shards.map(|shards| shards.to_string()),
    );
    settings
}

/// What is a member's own. Without `advertise` the member is one of many in its process: what the environment says of a
/// process is not meant for it.
pub(crate) fn own(listen: SocketAddr, advertise: Option<&Advertise>) -> Settings {
    let mut settings = Settings::new();
    settings.insert("BELLHOP_LISTEN".to_owned(), listen.to_string());
    let (address, network) = match advertise {
        Some(advertise) => (
            advertise.advertise.clone(),
            advertise.advertise_network.clone(),
        ),
        None => {
            settings.insert("OTEL_SERVICE_NAME".to_owned(), String::new());
            (None, None)
        }
    };
    settings.insert("BELLHOP_ADVERTISE".to_owned(), address.unwrap_or_default());
    settings.insert(
        "BELLHOP_ADVERTISE_NETWORK".to_owned(),
        network.unwrap_or_default(),
    );
    settings
}
