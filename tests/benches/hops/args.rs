//! What this process is to do.

use std::{env, net::SocketAddr, time::Duration};

use crate::{Failure, caller, server};

/// How often and how long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Of each of those that take turns; odd, so that a median is a round.
    pub(crate) rounds: usize,
    /// The system counts CPU time in steps of 10 ms: a round lasts long enough for them not to matter.
    pub(crate) time: Duration,
}

impl Pace {
    const FULL: Self = Self {
        rounds: 7,
        time: Duration::from_millis(1500),
    };
    const QUICK: Self = Self {
        rounds: 3,
        time: Duration::from_millis(500),
    };
}

/// What to measure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Hop,
    Cost,
    Hotels,
}

/// What this process is to do. All but the first are for the children that the first starts.
pub(crate) enum Role {
    /// Measure and print these tables.
    Measure { pace: Pace, tables: Vec<Table> },
    /// Serve as one end of a hop, as a member of this registry where it is one of a mesh.
    Serve {
        server: server::Kind,
        registry: SocketAddr,
    },
    /// Call as the other end: instances at these addresses, or whom the registry at this address names.
    Call {
        caller: caller::Kind,
        targets: Vec<SocketAddr>,
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
        ["--call", caller, ref targets @ ..] => Ok(Role::Call {
            caller: caller::Kind::named(caller)?,
            targets: targets
                .iter()
                .map(|target| target.parse())
                .collect::<Result<_, _>>()?,
        }),
        [] => Ok(Role::Nothing),
        ref options => measure(options),
    }
}

fn measure(options: &[&str]) -> Result<Role, Failure> {
    let mut pace = Pace::FULL;
    let mut tables = Vec::new();
    for option in options {
        match *option {
            // cargo adds it when it is asked for benchmarks.
            "--bench" => {}
            "--quick" => pace = Pace::QUICK,
            "hop" => tables.push(Table::Hop),
            "cost" => tables.push(Table::Cost),
            "hotels" => tables.push(Table::Hotels),
            _ => return Err(format!("{option}? There are hop, cost, hotels and --quick").into()),
        }
    }
    if tables.is_empty() {
        tables = vec![Table::Hop, Table::Cost, Table::Hotels];
    }
    Ok(Role::Measure { pace, tables })
}
