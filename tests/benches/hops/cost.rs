//! What it costs to be seen: the same hop with nothing counted and nothing traced, and with more of both.

use crate::{
    Failure,
    args::Pace,
    caller,
    hop::Hop,
    hotels::System,
    report::Table,
    rounds::{Side, in_turns},
    server,
    sink::Sink,
};

/// As it is deployed: a JSON line for each request.
const LOG: [(&str, &str); 2] = [
    ("RUST_LOG", "warn,bellhop::access=info"),
    ("HOTELS_LOG", "json"),
];
/// Nothing is counted, and nothing kept for the mesh page.
const NOTHING: [(&str, &str); 2] = [("BELLHOP_METRICS", "off"), UNKEPT];
const UNKEPT: (&str, &str) = ("BELLHOP_KEEP_TRACES", "off");
const NO_BAGGAGE: [(&str, &str); 1] = [("OTEL_PROPAGATORS", "tracecontext")];

const TABLE: Table<'_> = Table {
    title: "seeing one hop",
    unit: "call",
    parts: &["callers", "server"],
    pairs: &[],
};

/// The same of whole requests, which do some work too.
const REQUESTS: Table<'_> = Table {
    title: "seeing `/hotels`, over sockets",
    unit: "request",
    parts: &[],
    pairs: &[],
};

/// The same where the services of the process call each other in memory.
const IN_MEMORY: Table<'_> = Table {
    title: "seeing `/hotels`, in memory",
    ..REQUESTS
};

/// Measures the hop with more and more seen of it, in turns.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    let sink = Sink::start()?;
    let side = |name, settings: &[(&str, &str)]| -> Result<Box<dyn Side>, Failure> {
        let (caller, server) = (caller::Kind::Bellhop, server::Kind::Bellhop);
        Ok(Box::new(Hop::start(name, caller, server, 1, settings)?))
    };
    let sides = vec![
        side("nothing", &NOTHING)?,
        side("metrics", &[UNKEPT])?,
        side("metrics, 1 % traced", &sink.traced("0.01"))?,
        side("metrics, 100 % traced", &sink.traced("1"))?,
    ];
    Ok(TABLE.text(&in_turns(pace, sides)?))
}

/// Measures the whole system with more and more seen of it, in turns: first over sockets, then in memory.
pub(crate) fn measure_requests(pace: Pace) -> Result<String, Failure> {
    let sink = Sink::start()?;
    let over_sockets = seen(&sink, &["--no-local"])?;
    let over_sockets = REQUESTS.text(&in_turns(pace, over_sockets)?);
    let in_memory = IN_MEMORY.text(&in_turns(pace, seen(&sink, &[])?)?);
    Ok(format!("{over_sockets}\n{in_memory}"))
}

fn seen(sink: &Sink, options: &[&str]) -> Result<Vec<Box<dyn Side>>, Failure> {
    let side = |name, settings: &[(&str, &str)]| -> Result<Box<dyn Side>, Failure> {
        Ok(Box::new(System::in_one_process(name, options, settings)?))
    };
    Ok(vec![
        side("nothing", &NOTHING)?,
        side("metrics", &[UNKEPT])?,
        side("metrics, some traces kept in memory", &[])?,
        side("metrics, 1 % traced", &sink.traced("0.01"))?,
        side("metrics, 100 % traced", &sink.traced("1"))?,
        side("metrics, no baggage", &NO_BAGGAGE)?,
        side("metrics, access log at the door", &LOG)?,
    ])
}
