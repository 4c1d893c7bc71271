//! Options of the command line as the settings that the mesh reads.

use std::{
    collections::{BTreeMap, btree_map},
    net::SocketAddr,
};

use bellhop::{
    config::{Environment, File, Origin, Overlay, Setting, Source},
    limit::ClientLimiter,
};
use clap::{ArgMatches, parser::ValueSource};
use frontend::MeshPage;

use crate::cli::{Admin, Advertise, Clients, Common, Page, Switch};

/// Settings by name; an empty value hides what the environment says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, String>);

/// The options of the command line that are settings of the mesh.
const OPTIONS: [(&str, &str); 7] = [
    ("BELLHOP_ADMIN", "--admin"),
    ("BELLHOP_ADVERTISE", "--advertise"),
    ("BELLHOP_ADVERTISE_NETWORK", "--advertise-network"),
    ("BELLHOP_ALLOW_FAULTS", "--allow-chaos"),
    ("BELLHOP_CONFIG", "--config"),
    ("BELLHOP_SHARDS", "--shards"),
    ("CONSUL_HTTP_ADDR", "--consul"),
];

impl Settings {
    pub(crate) fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Those of `others` win.
    pub(crate) fn extend(&mut self, others: impl IntoIterator<Item = (String, String)>) {
        self.0.extend(others);
    }
}

impl IntoIterator for Settings {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Source for Settings {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// The option, unless its value is what the environment says.
    fn label(&self, name: &str) -> String {
        let option = OPTIONS.into_iter().find(|(setting, _)| *setting == name);
        let given = option.filter(|_| Environment.get(name) != self.get(name));
        given.map_or(name, |(_, option)| option).to_owned()
    }

    fn origin(&self, _: &str) -> Origin {
        Origin::CommandLine
    }
}

/// The settings that this program reads by itself, for whoever asks a member for all that it was told.
pub(crate) fn told(command: &clap::Command, matches: &ArgMatches) -> Vec<Setting> {
    let asked = matches.subcommand();
    let (command, matches) = asked.map_or((command, matches), |(name, matches)| {
        (command.find_subcommand(name).unwrap_or(command), matches)
    });
    let own = command.get_arguments().filter_map(|argument| {
        let name = argument.get_env()?.to_str()?;
        name.starts_with("HOTELS_").then_some((name, argument))
    });
    let setting = |(name, argument): (&str, &clap::Arg)| {
        let id = argument.get_id().as_str();
        let values = matches.try_get_raw(id).ok().flatten();
        let values = values.map(|values| {
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Origin::CommandLine,
            Some(ValueSource::EnvVariable) => Origin::Environment,
            _ => Origin::Default,
        };
        Setting::new(name, values.as_deref(), source)
    };
    own.map(setting).collect()
}

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
    let mut settings = Settings::default();
    for name in ABOUT_CONSUL {
        settings.insert(name, "");
    }
    settings.insert("CONSUL_HTTP_ADDR", format!("http://{registry}"));
    settings
}

/// What all members of a process have.
pub(crate) fn common(common: &Common) -> Settings {
    let mut settings = Settings::default();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            settings.insert(name, value);
        }
    };
    set("CONSUL_HTTP_ADDR", common.consul().map(str::to_owned));
    set(
        "BELLHOP_SHARDS",
        common.shards.map(|shards| shards.to_string()),
    );
    set("BELLHOP_CONFIG", common.config.clone());
    set(
        "BELLHOP_ALLOW_FAULTS",
        common.allow_chaos.then(|| "on".to_owned()),
    );
    settings
}

/// For a person at this machine: the page shows who served an answer, unless somebody has said otherwise.
pub(crate) fn explaining(told: &Settings) -> Option<(String, String)> {
    const EXPLAIN: &str = "BELLHOP_EXPLAIN";
    let source = Overlay::new(told.clone(), Environment);
    // What is bad is told by the members, all at once.
    let (file, _) = File::named_by(&source);
    let said = Overlay::new(source, file).get(EXPLAIN);
    said.is_none()
        .then(|| (EXPLAIN.to_owned(), "true".to_owned()))
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

/// What the frontend is told that listens there.
pub(crate) fn frontend(
    http: SocketAddr,
    clients: &Clients,
    page: &Page,
    common: &Common,
) -> frontend::Settings {
    let proxies = || clients.trusted_proxies.clone().unwrap_or_default();
    let limit = clients
        .limit
        .0
        .map(|rate| ClientLimiter::new(rate, proxies()));
    let tiles = page.tiles.clone().map(|url| frontend::Tiles {
        url,
        attribution: page.tiles_attribution.clone(),
    });
    let jaeger = page.jaeger.clone();
    frontend::Settings {
        limit,
        page: frontend::Page { tiles, jaeger },
        mesh_page: mesh_page(http, page.mesh_page),
        allow_chaos: common.allow_chaos,
        ..frontend::Settings::default()
    }
}

/// Others than this host see the mesh only where somebody has said so.
fn mesh_page(http: SocketAddr, said: Option<Switch>) -> MeshPage {
    match (http.ip().is_loopback(), said) {
        (_, Some(Switch::Off)) | (false, None) => MeshPage::Off,
        (true, _) => MeshPage::ThisHost,
        (false, Some(Switch::On)) => MeshPage::Everybody,
    }
}

/// What is a member's own. Without `advertise` the member is one of many in its process: what the environment says of a
/// process is not meant for it.
pub(crate) fn own(listen: SocketAddr, advertise: Option<&Advertise>) -> Settings {
    let mut settings = Settings::default();
    settings.insert("BELLHOP_LISTEN", listen.to_string());
    let (address, network) = match advertise {
        Some(advertise) => (
            advertise.advertise.clone(),
            advertise.advertise_network.clone(),
        ),
        None => {
            settings.insert("OTEL_SERVICE_NAME", "");
            (None, None)
        }
    };
    settings.insert("BELLHOP_ADVERTISE", address.unwrap_or_default());
    settings.insert("BELLHOP_ADVERTISE_NETWORK", network.unwrap_or_default());
    settings
}
