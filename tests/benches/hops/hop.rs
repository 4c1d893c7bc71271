//! One hop: a server, and callers who do nothing but call it.

use std::{env, net::SocketAddr, path::Path, time::Duration};

use e2e::Registry;

use crate::{
    Failure,
    args::Pace,
    caller,
    child::{self, Child},
    registry::{addresses, register, registry},
    report::Table,
    rounds::{Round, Side, in_turns},
    server,
    sink::Sink,
    steady::{Late, Steady},
};

/// For a child to start, or to say what a round came to after its time.
const PATIENCE: Duration = Duration::from_secs(20);
/// For callers to connect to all endpoints.
const CONNECTED: Duration = Duration::from_secs(180);
/// As many endpoints as a service has that is not alone.
const FEW: u32 = 3;
/// The setting that names the program of `benches/ginepro`, which is not built with this one.
const GINEPRO: &str = "GINEPRO_CALLER";

const TABLE: Table<'_> = Table {
    title: "one hop, 64 callers",
    unit: "call",
    parts: &["callers", "server"],
    // With as many endpoints each.
    pairs: &[(6, 1), (5, 3), (6, 4)],
};

/// The same with more and more endpoints, from callers on one thread: each endpoint is one more open file to them.
const ENDPOINTS: Table<'_> = Table {
    title: "one hop from one thread",
    unit: "call",
    parts: &["callers", "server"],
    pairs: &[],
};

/// Measures all ways to make the hop, in turns.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    use caller::Kind::{Bellhop, BellhopThreads, Tonic, TonicBalanced, TonicShards};
    let sink = Sink::start()?;
    let traced = sink.traced("0.01");
    let hop = |name, caller: caller::Kind, server, endpoints| -> Result<Box<dyn Side>, Failure> {
        let settings = if caller.is_member() { &traced[..] } else { &[] };
        Ok(Box::new(Hop::start(
            name, caller, server, endpoints, settings,
        )?))
    };
    let mut sides = vec![
        hop(
            "tonic `Channel`, multi-thread, one endpoint",
            Tonic,
            server::Kind::Tonic,
            1,
        )?,
        hop(
            "tonic `Channel`s, multi-thread, three endpoints",
            Tonic,
            server::Kind::Tonic,
            FEW,
        )?,
        hop(
            "tonic `balance_list`, multi-thread, three endpoints",
            TonicBalanced,
            server::Kind::Tonic,
            FEW,
        )?,
        hop(
            "tonic `Channel`, a runtime per core, one endpoint",
            TonicShards,
            server::Kind::TonicShards,
            1,
        )?,
        hop(
            "tonic `Channel`s, a runtime per core, three endpoints",
            TonicShards,
            server::Kind::TonicShards,
            FEW,
        )?,
        hop(
            "Bellhop, a runtime per core, one endpoint",
            Bellhop,
            server::Kind::Bellhop,
            1,
        )?,
        hop(
            "Bellhop, a runtime per core, three endpoints",
            Bellhop,
            server::Kind::Bellhop,
            FEW,
        )?,
        hop(
            "Bellhop, multi-thread callers, three endpoints",
            BellhopThreads,
            server::Kind::Bellhop,
            FEW,
        )?,
    ];
    let ginepro = env::var_os(GINEPRO);
    if let Some(program) = &ginepro {
        sides.push(Box::new(Hop::by_ginepro(program.as_ref(), FEW)?));
    }
    let mut text = TABLE.text(&in_turns(pace, sides)?);
    if ginepro.is_none() {
        text += "\nginepro was not measured: its callers were not built (`scripts/ginepro-caller.sh`).\n";
    }
    Ok(text)
}

/// Measures the hop to more and more endpoints, in turns.
pub(crate) fn measure_endpoints(pace: Pace) -> Result<String, Failure> {
    let sides = pace
        .endpoints
        .iter()
        .map(|count| -> Result<Box<dyn Side>, Failure> {
            let (caller, server) = (caller::Kind::BellhopOne, server::Kind::Bellhop);
            let name = format!("{count} endpoints");
            Ok(Box::new(Hop::start(&name, caller, server, *count, &[])?))
        });
    let sides = sides.collect::<Result<_, _>>()?;
    Ok(ENDPOINTS.text(&in_turns(pace, sides)?))
}

/// One way to make the hop: a process at each end.
pub(crate) struct Hop {
    name: String,
    callers: Child,
    server: Child,
    _registry: Registry,
}

impl Hop {
    /// Starts both ends, with the same settings. All endpoints are one server, at so many addresses.
    pub(crate) fn start(
        name: &str,
        caller: caller::Kind,
        server: server::Kind,
        endpoints: u32,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let registry = registry()?;
        let (server, all) = serve(server, &registry, endpoints, settings)?;
        let targets = if caller.is_member() {
            // The first has registered itself.
            register(&registry, server::SERVICE, &all[1..])?;
            vec![registry.address()]
        } else {
            all
        };
        let targets = texts(&targets);
        let count = endpoints.to_string();
        let mut args = vec!["--call", caller.name(), &count];
        args.extend(targets.iter().map(String::as_str));
        let callers = Child::of_this_program(&args, settings)?;
        Self::between(name, callers, server, registry)
    }

    /// From ginepro's callers to tonic's server, both on the multi-thread runtime.
    fn by_ginepro(program: &Path, endpoints: u32) -> Result<Self, Failure> {
        let registry = registry()?;
        let (server, all) = serve(server::Kind::Tonic, &registry, endpoints, &[])?;
        let mut command = child::command(program);
        let callers = Child::start("ginepro's callers", command.args(texts(&all)))?;
        Self::between(
            "ginepro, multi-thread, three endpoints",
            callers,
            server,
            registry,
        )
    }

    fn between(
        name: &str,
        callers: Child,
        server: Child,
        registry: Registry,
    ) -> Result<Self, Failure> {
        callers.hear("ready", CONNECTED)?;
        Ok(Self {
            name: name.to_owned(),
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
        &self.name
    }

    fn round(&mut self, time: Duration) -> Result<Round, Failure> {
        let before = self.cpu()?;
        self.callers.tell(&format!("all {}", time.as_millis()))?;
        let done = self.callers.hear("done", time + PATIENCE)?;
        let after = self.cpu()?;
        let (calls, micros) = done.split_once(' ').ok_or("two figures were expected")?;
        let wall = Duration::from_micros(micros.parse()?);
        Ok(Round::new(calls.parse()?, wall, &before, &after))
    }

    fn steady(&mut self, Steady { rate, time }: Steady) -> Result<Late, Failure> {
        self.callers
            .tell(&format!("steady {} {rate}", time.as_millis()))?;
        self.callers.hear("late", time + PATIENCE)?.parse()
    }

    fn resident(&self) -> Result<f64, Failure> {
        Ok(self.callers.resident()?.all + self.server.resident()?.all)
    }
}

/// A server, and where it is.
fn serve(
    kind: server::Kind,
    registry: &Registry,
    endpoints: u32,
    settings: &[(&str, &str)],
) -> Result<(Child, Vec<SocketAddr>), Failure> {
    let address = registry.address().to_string();
    let server = Child::of_this_program(&["--serve", kind.name(), &address], settings)?;
    let told = server.hear("ready", PATIENCE)?;
    let told = told.split(' ').map(str::parse);
    let told: Vec<SocketAddr> = told.collect::<Result<_, _>>()?;
    let all = told.into_iter().map(|one| addresses(one, endpoints));
    let all: Vec<_> = all.collect::<Result<_, _>>()?;
    Ok((server, all.concat()))
}

fn texts(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(SocketAddr::to_string).collect()
}
