//! What this process is to do.

use std::{env, net::SocketAddr, time::Duration};

use crate::{Failure, bare, caller, server, serving};

/// How often and how long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Of each of those that take turns; odd, so that a median is a round.
    pub(crate) rounds: usize,
    /// Short rounds of one turn meet the same machine, whatever else that does.
    pub(crate) time: Duration,
    /// How many endpoints a service has, in the table that is about that.
    pub(crate) endpoints: &'static [u32],
    /// Of what happens once: somebody starts, joins or dies.
    pub(crate) trials: usize,
}

impl Pace {
    const FULL: Self = Self {
        rounds: 31,
        time: Duration::from_millis(300),
        endpoints: &[3, 100, 1_000, 10_000],
        trials: 21,
    };
    const QUICK: Self = Self {
        rounds: 3,
        time: Duration::from_millis(200),
        endpoints: &[3, 100],
        trials: 3,
    };
}

/// What to measure.
#[derive(Clone, Copy)]
pub(crate) enum Table {
    Hop,
    Endpoints,
    Cost,
    CostRequests,
    Hotels,
    Pick,
    Discovery,
    Start,
}

impl Table {
    const ALL: [Self; 8] = [
        Self::Hop,
        Self::Hotels,
        Self::Cost,
        Self::CostRequests,
        Self::Endpoints,
        Self::Pick,
        Self::Discovery,
        Self::Start,
    ];

    /// As the command line and the page have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hop => "hop",
            Self::Endpoints => "endpoints",
            Self::Cost => "cost",
            Self::CostRequests => "cost-requests",
            Self::Hotels => "hotels",
            Self::Pick => "pick",
            Self::Discovery => "discovery",
            Self::Start => "start",
        }
    }
}

/// What this process is to do. All but the first are for the children that the first starts.
pub(crate) enum Role {
    /// Measure these tables, and write them into the page where that is wanted.
    Measure {
        pace: Pace,
        tables: Vec<Table>,
        write: bool,
    },
    /// Serve as one end of a hop, as a member of this registry where it is one of a mesh.
    Serve {
        server: server::Kind,
        registry: SocketAddr,
    },
    /// Call as the other end so many instances: at these addresses, or whom the registry at this address names.
    Call {
        caller: caller::Kind,
        endpoints: usize,
        targets: Vec<SocketAddr>,
    },
    /// Be a service of Hotels without a mesh.
    Bare {
        runtime: serving::Runtime,
        handlers: bare::Handlers,
        service: String,
        callees: Vec<SocketAddr>,
    },
    /// Nothing: `cargo test` starts benchmarks too, to see whether they start.
    Nothing,
}

/// Reads the command line.
pub(crate) fn role() -> Result<Role, Failure> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["--serve", server, registry] => Ok(Role::Serve {
            server: server::Kind::named(server)?,
            registry: registry.parse()?,
        }),
        ["--call", caller, endpoints, ref targets @ ..] => Ok(Role::Call {
            caller: caller::Kind::named(caller)?,
            endpoints: endpoints.parse()?,
            targets: addresses(targets)?,
        }),
        ["--bare", runtime, handlers, service, ref callees @ ..] => Ok(Role::Bare {
            runtime: serving::Runtime::named(runtime)?,
            handlers: bare::Handlers::named(handlers)?,
            service: service.to_owned(),
            callees: addresses(callees)?,
        }),
        [] => Ok(Role::Nothing),
        ref options => measure(options),
    }
}

fn addresses(args: &[&str]) -> Result<Vec<SocketAddr>, Failure> {
    let addresses = args.iter().map(|address| address.parse());
    Ok(addresses.collect::<Result<_, _>>()?)
}

fn measure(options: &[&str]) -> Result<Role, Failure> {
    let (mut pace, mut write, mut tables) = (Pace::FULL, false, Vec::new());
    for option in options {
        match *option {
            // cargo adds it when it is asked for benchmarks.
            "--bench" => {}
            "--quick" => pace = Pace::QUICK,
            "--write" => write = true,
            name => tables.push(named(name)?),
        }
    }
    if tables.is_empty() {
        tables = Table::ALL.into();
    }
    Ok(Role::Measure {
        pace,
        tables,
        write,
    })
}

fn named(name: &str) -> Result<Table, Failure> {
    let table = Table::ALL.into_iter().find(|table| table.name() == name);
    table.ok_or_else(|| {
        let names = Table::ALL.map(Table::name).join(", ");
        format!("{name}? There are {names}, --quick and --write").into()
    })
}
