//! The whole system under load: four hops and the frontend for each request.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
    time::Duration,
};

use e2e::Registry;

use crate::{
    Failure,
    args::Pace,
    child::{self, Child},
    load::Load,
    registry::registry,
    report::Table,
    rounds::{Round, Side, in_turns},
};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
/// Those that are called; the frontend comes first among the parts, as a request does.
const SERVICES: [&str; 4] = ["search", "geo", "rate", "profile"];

const TABLE: Table<'_> = Table {
    title: "/hotels, 64 connections",
    unit: "request",
    parts: &["frontend", "search", "geo", "rate", "profile"],
};

/// Measures both ways to run the system, in turns, and prints what they come to.
pub(crate) fn measure(pace: Pace) -> Result<(), Failure> {
    let sides: Vec<Box<dyn Side>> = vec![
        Box::new(System::in_five_processes()?),
        Box::new(System::in_one_process("hotels up", &[])?),
    ];
    TABLE.print(&in_turns(pace, sides)?);
    Ok(())
}

/// All services, and somebody who asks them.
pub(crate) struct System {
    name: &'static str,
    processes: Vec<Child>,
    load: Load,
    /// Where it is not one of the processes. Nobody counts its CPU time.
    _registry: Option<Registry>,
}

impl System {
    fn in_five_processes() -> Result<Self, Failure> {
        let registry = registry()?;
        let consul = format!("http://{}", registry.address());
        let frontend = free()?;
        let address = frontend.to_string();
        let first = ["frontend", "--http", &address, "--consul", &consul];
        let mut processes = vec![hotels(&first, &[])?];
        for service in SERVICES {
            processes.push(hotels(&[service, "--consul", &consul], &[])?);
        }
        Ok(Self {
            name: "one process per service",
            load: Load::on(frontend)?,
            processes,
            _registry: Some(registry),
        })
    }

    /// All of it in one process, with these settings.
    pub(crate) fn in_one_process(
        name: &'static str,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let frontend = free()?;
        let up = ["up", "--http", &frontend.to_string(), "--registry"];
        let up = hotels(&[&up[..], &["127.0.0.1:0"]].concat(), settings)?;
        Ok(Self {
            name,
            load: Load::on(frontend)?,
            processes: vec![up],
            _registry: None,
        })
    }

    fn cpu(&self) -> Result<Vec<Duration>, Failure> {
        self.processes.iter().map(Child::cpu).collect()
    }
}

impl Side for System {
    fn name(&self) -> &str {
        self.name
    }

    fn round(&mut self, time: Duration) -> Result<Round, Failure> {
        let before = self.cpu()?;
        let (calls, wall) = self.load.round(time)?;
        Ok(Round::new(calls, wall, &before, &self.cpu()?))
    }
}

/// A process of the system, which logs as little as one that is well has to say unless it is told otherwise. Nobody reads its log.
fn hotels(args: &[&str], settings: &[(&str, &str)]) -> Result<Child, Failure> {
    let mut command = child::command(BINARY);
    command.env("RUST_LOG", "warn").args(args);
    command.envs(settings.iter().copied()).stderr(Stdio::null());
    Child::start(&format!("hotels {}", args.join(" ")), &mut command)
}

/// An address that was free a moment ago.
fn free() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
