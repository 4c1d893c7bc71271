//! What it costs to be seen: the same hop with nothing counted and nothing traced, and with more of both.

use crate::{
    Failure,
    args::Pace,
    caller,
    hop::Hop,
    hotels::System,
    report::Table,
    rounds::{Side, in_turns},
    server, sink,
};

/// As it is deployed: a JSON line for each request.
const LOG: [(&str, &str); 2] = [
    ("RUST_LOG", "warn,bellhop::access=info"),
    ("HOTELS_LOG", "json"),
];

const TABLE: Table<'_> = Table {
    title: "seeing one hop",
    unit: "call",
    parts: &["callers", "server"],
};

/// The same of whole requests, which do some work too.
const REQUESTS: Table<'_> = Table {
    title: "seeing /hotels",
    unit: "request",
    parts: &[],
};

/// Measures the hop and the whole system with more and more seen of them, in turns, and prints what that comes to.
pub(crate) fn measure(pace: Pace) -> Result<(), Failure> {
    // A collector in this process, where nobody counts its CPU time.
    let endpoint = format!("http://{}", sink::start()?);
    let exported = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
    ];
    let traced = |share| [&exported[..], &[("OTEL_TRACES_SAMPLER_ARG", share)]].concat();
    let side = |name, settings: &[(&str, &str)]| -> Result<Box<dyn Side>, Failure> {
        let (caller, server) = (caller::Kind::Bellhop, server::Kind::Bellhop);
        Ok(Box::new(Hop::start(name, caller, server, settings)?))
    };
    let sides = vec![
        side("nothing", &[("BELLHOP_METRICS", "off")])?,
        side("metrics", &[])?,
        side("metrics, 1 % traced", &traced("0.01"))?,
        side("metrics, 100 % traced", &traced("1"))?,
    ];
    TABLE.print(&in_turns(pace, sides)?);

    let side = |name, settings: &[(&str, &str)]| -> Result<Box<dyn Side>, Failure> {
        Ok(Box::new(System::in_one_process(name, settings)?))
    };
    let sides = vec![
        side("nothing", &[("BELLHOP_METRICS", "off")])?,
        side("metrics", &[])?,
        side("metrics, 1 % traced", &traced("0.01"))?,
        side("metrics, 100 % traced", &traced("1"))?,
        side(
            "metrics, no baggage",
            &[("OTEL_PROPAGATORS", "tracecontext")],
        )?,
        side("metrics, access log at the door", &LOG)?,
    ];
    REQUESTS.print(&in_turns(pace, sides)?);
    Ok(())
}
