//! One hop: a server, and callers who do nothing but call it.

use std::time::Duration;

use e2e::Registry;

use crate::{
    Failure,
    args::Pace,
    caller,
    child::Child,
    registry::registry,
    report::Table,
    rounds::{Round, Side, in_turns},
    server,
};

/// For a child to start, or to say what a round came to after its time.
const PATIENCE: Duration = Duration::from_secs(20);

const TABLE: Table<'_> = Table {
    title: "one hop, 64 callers",
    unit: "call",
    parts: &["callers", "server"],
};

/// Measures all ways to make the hop, in turns, and prints what they come to.
pub(crate) fn measure(pace: Pace) -> Result<(), Failure> {
    use caller::Kind::{Bellhop, BellhopThreads, Tonic, TonicShards};
    let hop = |name, caller, server| -> Result<Box<dyn Side>, Failure> {
        Ok(Box::new(Hop::start(name, caller, server, &[])?))
    };
    let sides = vec![
        hop("tonic Channel, multi-thread", Tonic, server::Kind::Tonic)?,
        hop("bellhop, runtime per core", Bellhop, server::Kind::Bellhop)?,
        hop(
            "bellhop, multi-thread callers",
            BellhopThreads,
            server::Kind::Bellhop,
        )?,
        hop(
            "tonic Channel, runtime per core",
            TonicShards,
            server::Kind::TonicShards,
        )?,
    ];
    TABLE.print(&in_turns(pace, sides)?);
    Ok(())
}

/// One way to make the hop: a process at each end.
pub(crate) struct Hop {
    name: &'static str,
    callers: Child,
    server: Child,
    _registry: Registry,
}

impl Hop {
    /// Starts both ends, with the same settings.
    pub(crate) fn start(
        name: &'static str,
        caller: caller::Kind,
        server: server::Kind,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let registry = registry()?;
        let address = registry.address().to_string();
        let server = Child::of_this_program(&["--serve", server.name(), &address], settings)?;
        let targets = server.hear("ready", PATIENCE)?;
        let mut args = vec!["--call", caller.name()];
        args.extend(targets.split_whitespace());
        let callers = Child::of_this_program(&args, settings)?;
        callers.hear("ready", PATIENCE)?;
        Ok(Self {
            name,
            callers,
            server,
            _registry: registry,
        })
    }

    fn cpu(&self) -> Result<[Duration; 2], Failure> {
        Ok([self.callers.cpu()?, self.server.cpu()?])
    }
}

impl Side for Hop {
    fn name(&self) -> &str {
        self.name
    }

    fn round(&mut self, time: Duration) -> Result<Round, Failure> {
        let before = self.cpu()?;
        self.callers.tell(&time.as_millis().to_string())?;
        let done = self.callers.hear("done", time + PATIENCE)?;
        let after = self.cpu()?;
        let (calls, micros) = done.split_once(' ').ok_or("two figures were expected")?;
        let wall = Duration::from_micros(micros.parse()?);
        Ok(Round::new(calls.parse()?, wall, &before, &after))
    }
}
