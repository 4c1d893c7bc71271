//! The whole system under load: four hops and the frontend for each request.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use e2e::Registry;

use crate::{
    Failure,
    args::Pace,
    bare::Handlers,
    child::{self, Child},
    load::Load,
    registry::registry,
    report::Table,
    rounds::{Round, Side, in_turns},
    server::free,
    serving::Runtime,
    sink::Sink,
    steady::{Late, Steady},
};

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");
const SYSTEM_ALLOCATOR: &str = env!("CARGO_BIN_EXE_hotels-system-allocator");
/// Those that are called; the frontend comes first among the parts, as a request does.
pub(crate) const SERVICES: [&str; 4] = ["search", "geo", "rate", "profile"];
/// For a child to start.
const PATIENCE: Duration = Duration::from_secs(20);

const TABLE: Table<'_> = Table {
    title: "`/hotels`, 64 connections",
    unit: "request",
    parts: &["frontend", "search", "geo", "rate", "profile"],
    pairs: &[
        // As everybody writes it; with the same handlers; with these on one thread, as lean as it gets without a mesh.
        (6, 1),
        (6, 3),
        (6, 5),
        (7, 2),
        (7, 4),
        // What the allocator makes of it.
        (7, 9),
        (8, 10),
    ],
};

/// Measures all ways to run the system, in turns.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    use Handlers::{Own, Plain};
    use Runtime::{OneThread, Threads};
    let sink = Sink::start()?;
    let traced = sink.traced("0.01");
    let systems = vec![
        System::bare_in_one("bare tonic, one process", Threads, Plain)?,
        System::bare_in_five("bare tonic, one process per service", Threads, Plain)?,
        System::bare_in_one("our handlers on tonic, one process", Threads, Own)?,
        System::bare_in_five(
            "our handlers on tonic, one process per service",
            Threads,
            Own,
        )?,
        System::bare_in_one(
            "our handlers on tonic, one process, one thread",
            OneThread,
            Own,
        )?,
        System::bare_in_five(
            "our handlers on tonic, one process per service, one thread each",
            OneThread,
            Own,
        )?,
        System::in_five_processes("Bellhop, one process per service", &traced)?,
        System::in_one_process("Bellhop, `hotels up`", &[], &traced)?,
        System::in_one_process("Bellhop, `hotels up --no-local`", &["--no-local"], &traced)?,
        System::up_by(
            SYSTEM_ALLOCATOR,
            "Bellhop, `hotels up`, the system's allocator",
            &[],
            &traced,
        )?,
        System::up_by(
            SYSTEM_ALLOCATOR,
            "Bellhop, `hotels up --no-local`, the system's allocator",
            &["--no-local"],
            &traced,
        )?,
    ];
    // Else they would not be compared.
    let expected = systems[0].load.expected();
    let mut systems_of_another = systems
        .iter()
        .filter(|system| system.load.expected() != expected);
    if let Some(other) = systems_of_another.next() {
        return Err(format!("{}: another answer than others'", other.name).into());
    }
    let sides = systems
        .into_iter()
        .map(|system| Box::new(system) as Box<dyn Side>);
    Ok(TABLE.text(&in_turns(pace, sides.collect())?))
}

/// All services, and somebody who asks them.
pub(crate) struct System {
    name: &'static str,
    /// By service; one for all where all are in one.
    pub(crate) processes: Vec<(&'static str, Child)>,
    load: Load,
    /// Where it is not one of the processes. Nobody counts its CPU time.
    _registry: Option<Registry>,
}

impl System {
    /// A process for each service, all with these settings.
    pub(crate) fn in_five_processes(
        name: &'static str,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let registry = registry()?;
        let consul = format!("http://{}", registry.address());
        let frontend = free()?;
        let address = frontend.to_string();
        let first = ["frontend", "--http", &address, "--consul", &consul];
        let mut processes = vec![("frontend", hotels(&first, settings)?)];
        for service in SERVICES {
            processes.push((service, hotels(&[service, "--consul", &consul], settings)?));
        }
        Ok(Self {
            name,
            load: Load::on(frontend)?,
            processes,
            _registry: Some(registry),
        })
    }

    /// All of it in one process, with these options and settings.
    pub(crate) fn in_one_process(
        name: &'static str,
        options: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        Self::up_by(BINARY, name, options, settings)
    }

    /// The same by another binary.
    fn up_by(
        binary: &str,
        name: &'static str,
        options: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let frontend = free()?;
        let address = frontend.to_string();
        let up = ["up", "--http", &address, "--registry", "127.0.0.1:0"];
        let up = start(binary, &[&up[..], options].concat(), settings)?;
        Ok(Self {
            name,
            load: Load::on(frontend)?,
            processes: vec![("all", up)],
            _registry: None,
        })
    }

    /// The same services by tonic alone, in one process.
    pub(crate) fn bare_in_one(
        name: &'static str,
        runtime: Runtime,
        handlers: Handlers,
    ) -> Result<Self, Failure> {
        let args = ["--bare", runtime.name(), handlers.name(), "all"];
        let all = Child::of_this_program(&args, &[])?;
        let frontend = all.hear("ready", PATIENCE)?.parse()?;
        Self::bare(name, frontend, vec![("all", all)])
    }

    /// The same in a process each.
    pub(crate) fn bare_in_five(
        name: &'static str,
        runtime: Runtime,
        handlers: Handlers,
    ) -> Result<Self, Failure> {
        let start = |service: &'static str, callees: &[&str]| -> Result<_, Failure> {
            let args = [
                &["--bare", runtime.name(), handlers.name(), service],
                callees,
            ]
            .concat();
            let child = Child::of_this_program(&args, &[])?;
            let address = child.hear("ready", PATIENCE)?;
            Ok(((service, child), address))
        };
        let (geo, at_geo) = start("geo", &[])?;
        let (rate, at_rate) = start("rate", &[])?;
        let (profile, at_profile) = start("profile", &[])?;
        let (search, at_search) = start("search", &[&at_geo, &at_rate])?;
        let (frontend, address) = start("frontend", &[&at_search, &at_profile])?;
        let processes = vec![frontend, search, geo, rate, profile];
        Self::bare(name, address.parse()?, processes)
    }

    fn bare(
        name: &'static str,
        frontend: SocketAddr,
        processes: Vec<(&'static str, Child)>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            name,
            load: Load::on(frontend)?,
            processes,
            _registry: None,
        })
    }

    fn cpu(&self) -> Result<Vec<Duration>, Failure> {
        let processes = self.processes.iter();
        processes.map(|(_, process)| process.cpu()).collect()
    }
}

impl Side for System {
    fn name(&self) -> &str {
        self.name
    }

    fn round(&mut self, time: Duration) -> Result<Round, Failure> {
        self.load.round(time, || self.cpu())
    }

    fn steady(&mut self, steady: Steady) -> Result<Late, Failure> {
        self.load.steady(steady)
    }

    fn resident(&self) -> Result<f64, Failure> {
        let processes = self.processes.iter();
        processes
            .map(|(_, process)| Ok(process.resident()?.all))
            .sum()
    }
}

/// A process of the system, which logs as little as one that is well has to say unless it is told otherwise. Nobody reads its log.
pub(crate) fn hotels(args: &[&str], settings: &[(&str, &str)]) -> Result<Child, Failure> {
    start(BINARY, args, settings)
}

fn start(binary: &str, args: &[&str], settings: &[(&str, &str)]) -> Result<Child, Failure> {
    let mut command = child::command(binary);
    command.env("RUST_LOG", "warn").args(args);
    command.envs(settings.iter().copied()).stderr(Stdio::null());
    Child::start(&format!("hotels {}", args.join(" ")), &mut command)
}
