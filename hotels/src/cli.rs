//! The command line.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, str::FromStr};

use bellhop::limit::{NoRate, Rate, TrustedProxies};
use clap::{Args, Parser, Subcommand, ValueEnum};
use frontend::Link;

use crate::{healthcheck::Ask, unrepeated::Unrepeated};

const EXAMPLES: &str = "\
Examples:
  hotels                                     the whole system in one process, on http://127.0.0.1:5000
  hotels up --scale rate=3                   the same with three instances of rate
  hotels up --consul http://127.0.0.1:8500   the same, registered in a Consul of yours
  hotels geo --listen 127.0.0.1:7001         one instance of geo in a process of its own
  hotels generate --hotels 1000000 --out big and then: hotels up --data big

Further settings come from the environment: CONSUL_HTTP_TOKEN and its kin, OTEL_EXPORTER_OTLP_ENDPOINT and its kin,
BELLHOP_* for the mesh, RUST_LOG for the log.";

/// Hotels, a complete system on the Bellhop mesh: an HTTP frontend, four gRPC services, and a registry to find them.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    up: Up,

    /// How log lines look
    #[arg(long, env = "HOTELS_LOG", value_enum, default_value_t = Log::Text, global = true)]
    pub(crate) log: Log,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Run(Box<Run>),
    /// Write data of as many hotels as you like, for --data
    Generate(Generate),
    /// Ask the instance beside this one whether it is well: 0 if so, else 1 and why
    Healthcheck(Ask),
}

/// What to run.
#[derive(Debug, Subcommand)]
pub(crate) enum Run {
    /// Run the whole system in this process (the default)
    Up(Up),
    /// Run one instance of geo, which knows where hotels are
    Geo(DataService),
    /// Run one instance of rate, which knows what a stay costs
    Rate(DataService),
    /// Run one instance of profile, which knows what hotels are like
    Profile(DataService),
    /// Run one instance of search, which asks geo and rate
    Search(Service),
    /// Run one instance of the HTTP frontend, which asks search and profile
    Frontend(Frontend),
    /// Run the embedded registry alone
    Registry(Registry),
}

impl Cli {
    /// The command, `up` where none is given.
    pub(crate) fn command(self) -> Command {
        self.command
            .unwrap_or_else(|| Command::Run(Box::new(Run::Up(self.up))))
    }
}

/// The whole system.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// Instances of a service, such as rate=3; may be repeated
    #[arg(
        long,
        value_name = "SERVICE=N",
        env = "HOTELS_SCALE",
        value_delimiter = ','
    )]
    pub(crate) scale: Vec<Scale>,

    /// Where the frontend listens
    #[arg(
        long,
        value_name = "ADDR",
        env = "HOTELS_HTTP",
        default_value = "127.0.0.1:5000"
    )]
    pub(crate) http: SocketAddr,

    /// Where the embedded registry listens
    #[arg(
        long,
        value_name = "ADDR",
        env = "HOTELS_REGISTRY",
        default_value = "127.0.0.1:8500"
    )]
    pub(crate) registry: SocketAddr,

    /// Have services call each other over sockets as between processes, not in memory
    #[arg(long, env = "HOTELS_NO_LOCAL")]
    pub(crate) no_local: bool,

    #[command(flatten)]
    pub(crate) clients: Clients,

    #[command(flatten)]
    pub(crate) page: Page,

    #[command(flatten)]
    pub(crate) data: Data,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// One gRPC service.
#[derive(Args, Debug)]
pub(crate) struct Service {
    /// Where to listen; port 0 is any free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "HOTELS_LISTEN",
        default_value = "127.0.0.1:0"
    )]
    pub(crate) listen: SocketAddr,

    #[command(flatten)]
    pub(crate) advertise: Advertise,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// One gRPC service with data of its own.
#[derive(Args, Debug)]
pub(crate) struct DataService {
    #[command(flatten)]
    pub(crate) service: Service,

    #[command(flatten)]
    pub(crate) data: Data,
}

/// The frontend.
#[derive(Args, Debug)]
pub(crate) struct Frontend {
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDR",
        env = "HOTELS_HTTP",
        default_value = "127.0.0.1:5000"
    )]
    pub(crate) http: SocketAddr,

    #[command(flatten)]
    pub(crate) clients: Clients,

    #[command(flatten)]
    pub(crate) page: Page,

    #[command(flatten)]
    pub(crate) advertise: Advertise,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// The registry.
#[derive(Args, Debug)]
pub(crate) struct Registry {
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDR",
        env = "HOTELS_REGISTRY",
        default_value = "127.0.0.1:8500"
    )]
    pub(crate) registry: SocketAddr,
}

/// Data to write.
#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// How many hotels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_HOTELS))]
    pub(crate) hotels: u32,

    /// The directory to write geo.bin, hotels.bin and inventory.bin to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Another number makes other hotels
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// What clients of the frontend may do.
#[derive(Args, Debug)]
pub(crate) struct Clients {
    /// Requests a second from one client address, and how many of them at once; off is any number
    #[arg(
        long,
        value_name = "RATE[:BURST]",
        env = "HOTELS_LIMIT",
        default_value = "off"
    )]
    pub(crate) limit: Limit,

    /// Proxies whose X-Forwarded-For is believed, as addresses and networks [default: none]
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR,...",
        env = "HOTELS_TRUSTED_PROXIES"
    )]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
}

/// What the page of the frontend shows besides what is part of the program.
#[derive(Args, Debug)]
pub(crate) struct Page {
    /// An online map in the place of the built-in one: raster tiles with {z}, {x} and {y}, or a MapLibre style [default: none]
    #[arg(long, value_name = "URL", env = "HOTELS_TILES", hide_env_values = true, value_parser = Unrepeated::<Link>::new())]
    pub(crate) tiles: Option<Link>,

    /// Whom raster tiles name [default: their host, or OpenStreetMap's contributors]
    #[arg(long, value_name = "TEXT", env = "HOTELS_TILES_ATTRIBUTION")]
    pub(crate) tiles_attribution: Option<String>,

    /// Whether there is a page at /mesh that shows who runs, and how that is [default: on where --http is for this host alone]
    #[arg(long, value_name = "on|off", env = "HOTELS_MESH_PAGE", value_enum)]
    pub(crate) mesh_page: Option<Switch>,

    /// Where Jaeger's pages are, for links to traces [default: none]
    #[arg(long, value_name = "URL", env = "HOTELS_JAEGER", hide_env_values = true, value_parser = Unrepeated::<Link>::new())]
    pub(crate) jaeger: Option<Link>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// There is one
    On,
    /// There is none
    Off,
}

/// A rate, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<Rate>);

impl FromStr for Limit {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        match text {
            "off" => Ok(Self(None)),
            rate => rate.parse().map(|rate| Self(Some(rate))),
        }
    }
}

/// An address to listen at, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admin(pub(crate) Option<SocketAddr>);

impl FromStr for Admin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            "" => Ok(Self(Some(SocketAddr::from(([127, 0, 0, 1], 0))))),
            address => match address.parse() {
                Ok(address) => Ok(Self(Some(address))),
                Err(_) => {
                    Err("expected an address and a port, such as 127.0.0.1:9000, or off".to_owned())
                }
            },
        }
    }
}

/// Where others find an instance.
#[derive(Args, Debug)]
pub(crate) struct Advertise {
    /// The address that callers are told [default: the one that is listened at]
    #[arg(long, value_name = "HOST:PORT", env = "BELLHOP_ADVERTISE")]
    pub(crate) advertise: Option<String>,

    /// Listening at all addresses of this host, tell callers the first one inside this network
    #[arg(long, value_name = "CIDR", env = "BELLHOP_ADVERTISE_NETWORK")]
    pub(crate) advertise_network: Option<String>,
}

/// What all members have.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// A Consul to register in [default: http://127.0.0.1:8500; for `up`, the embedded registry]
    #[arg(
        long,
        value_name = "URL",
        env = "CONSUL_HTTP_ADDR",
        hide_env_values = true
    )]
    pub(crate) consul: Option<String>,

    /// Threads, each with a runtime and connections of its own [default: the cores that this process may use]
    #[arg(long, value_name = "N", env = "BELLHOP_SHARDS")]
    pub(crate) shards: Option<NonZeroUsize>,

    /// Where the admin endpoint listens, in `up` that of the frontend; off is nowhere [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDR", env = "BELLHOP_ADMIN")]
    pub(crate) admin: Option<Admin>,

    /// Let people ask for faults on the mesh page and at admin endpoints: late, failing, held answers, and the end of an instance
    #[arg(long, env = "HOTELS_ALLOW_CHAOS", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) allow_chaos: bool,

    /// A TOML file of settings for the mesh; the environment wins over it
    #[arg(long, value_name = "FILE", env = "BELLHOP_CONFIG")]
    pub(crate) config: Option<String>,
}

impl Common {
    /// The Consul that was asked for; an empty name asks for none.
    pub(crate) fn consul(&self) -> Option<&str> {
        self.consul.as_deref().filter(|consul| !consul.is_empty())
    }
}

/// What a service that has data serves from.
#[derive(Args, Debug)]
pub(crate) struct Data {
    /// A directory with geo.json, hotels.json, inventory.json and locales.json, or with the files that `generate` writes
    /// [default: those inside the binary]
    #[arg(long, value_name = "DIR", env = "HOTELS_DATA")]
    pub(crate) data: Option<PathBuf>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// For people
    Text,
    /// For machines, one object a line
    Json,
}

/// How many instances of which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) service: ServiceName,
    pub(crate) instances: usize,
}

/// A service that can be scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ServiceName {
    Geo,
    Rate,
    Profile,
    Search,
}

const MAX_INSTANCES: usize = 100;
/// Ten times what has been measured.
const MAX_HOTELS: i64 = 100_000_000;

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!("expected SERVICE=N with geo, rate, profile or search and 1 to {MAX_INSTANCES}")
        };
        let (service, instances) = text.split_once('=').ok_or_else(expected)?;
        let service = match service {
            "geo" => ServiceName::Geo,
            "rate" => ServiceName::Rate,
            "profile" => ServiceName::Profile,
            "search" => ServiceName::Search,
            _ => return Err(expected()),
        };
        let instances = instances.parse().map_err(|_| expected())?;
        if !(1..=MAX_INSTANCES).contains(&instances) {
            return Err(expected());
        }
        Ok(Self { service, instances })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn scale_takes_a_service_and_a_number() {
        let scale = "rate=3".parse();
        assert_eq!(
            scale,
            Ok(Scale {
                service: ServiceName::Rate,
                instances: 3
            })
        );
        for text in [
            "rate",
            "rate=",
            "rate=0",
            "rate=-1",
            "rate=101",
            "frontend=2",
            "=3",
        ] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }
}
