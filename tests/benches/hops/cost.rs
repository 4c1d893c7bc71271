//! What it costs to be seen: the same hop with nothing counted and nothing traced, and with more of both.

use crate::{
    Failure,
    args::Pace,
    caller,
    hop::Hop,
    report::Table,
    rounds::{Side, in_turns},
    server, sink,
};

const TABLE: Table<'_> = Table {
    title: "seeing one hop",
    unit: "call",
    parts: &["callers", "server"],
};

/// Measures the hop with more and more seen of it, in turns, and prints what that comes to.
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
    Ok(())
}
