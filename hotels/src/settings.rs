//! Options of the command line as the settings that the mesh reads.

use std::{collections::BTreeMap, net::SocketAddr};

use bellhop::limit::ClientLimiter;

use crate::cli::{Admin, Advertise, Clients, Common};

/// Settings by name; an empty value hides what the environment says.
pub(crate) type Settings = BTreeMap<String, String>;

/// The settings of Consul's clients that are meant for a registry of the user's.
const ABOUT_CONSUL: [&str; 11] = [
    "CONSUL_CACERT",
    "CONSUL_CLIENT_CERT",
    "CONSUL_CLIENT_KEY",
    "CONSUL_DATACENTER",
    "CONSUL_HTTP_AUTH",
    "CONSUL_HTTP_SSL",
    "CONSUL_HTTP_SSL_VERIFY",
    "CONSUL_HTTP_TOKEN",
    "CONSUL_HTTP_TOKEN_FILE",
    "CONSUL_NAMESPACE",
    "CONSUL_TLS_SERVER_NAME",
];

/// What members are told of the embedded registry; nothing of the user's own Consul, least of all its token, reaches it.
pub(crate) fn embedded(registry: SocketAddr) -> Settings {
    let hidden = ABOUT_CONSUL.map(|name| (name.to_owned(), String::new()));
    let mut settings = Settings::from(hidden);
    settings.insert("CONSUL_HTTP_ADDR".to_owned(), format!("http://{registry}"));
    settings
}

/// What all members of a process have.
pub(crate) fn common(common: &Common) -> Settings {
    let mut settings = Settings::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            settings.insert(name.to_owned(), value);
        }
    };
    set("CONSUL_HTTP_ADDR", common.consul().map(str::to_owned));
    set(
        "BELLHOP_SHARDS",
        common.shards.map(|shards| shards.to_string()),
    );
    set("BELLHOP_CONFIG", common.config.clone());
    settings
}

/// Where the admin endpoint of a member listens.
pub(crate) fn admin(admin: Option<Admin>) -> Option<(String, String)> {
    let address = admin?
        .0
        .map_or("off".to_owned(), |address| address.to_string());
    Some(("BELLHOP_ADMIN".to_owned(), address))
}

/// Where those of the others in its process listen: beside it, each at a port of its own.
pub(crate) fn admin_beside(admin: Option<Admin>) -> Option<(String, String)> {
    let beside = |address: SocketAddr| SocketAddr::new(address.ip(), 0);
    self::admin(admin.map(|Admin(address)| Admin(address.map(beside))))
}

/// What the frontend is told.
pub(crate) fn frontend(clients: &Clients) -> frontend::Settings {
    let proxies = || clients.trusted_proxies.clone().unwrap_or_default();
    let limit = clients
        .limit
        .0
        .map(|rate| ClientLimiter::new(rate, proxies()));
    frontend::Settings {
        limit,
        ..frontend::Settings::default()
    }
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
