//! Every bad input: whoever sends it is told so clearly, it costs nobody memory, and the load beside it notices nothing.

mod consul;
mod footprint;
mod grpc;
mod http;
mod wire;

use self::footprint::Footprint;
use super::Case;
use crate::{Failure, Report, Shape, Stage, Suite};

pub(super) const HTTP: Case = Case {
    name: "bad-input-http",
    about: "fuzzed queries, huge heads, wrong methods, invalid UTF-8, smuggling, at the frontends",
    run: |suite| Box::pin(run(suite, http::round)),
};

pub(super) const GRPC: Case = Case {
    name: "bad-input-grpc",
    about: "messages, heads, frames and floods that are no gRPC, at all services",
    run: |suite| Box::pin(run(suite, grpc::round)),
};

pub(super) const CONSUL: Case = Case {
    name: "bad-input-consul",
    about: "an agent that answers wrong types, missing fields, broken, endless and foreign things",
    run: |suite| Box::pin(consul::run(suite)),
};

/// So many of the inputs that were not answered as they should be are told in words.
const EXAMPLES: usize = 8;

/// What became of the inputs.
#[derive(Debug, Default)]
struct Outcome {
    inputs: usize,
    faults: Vec<String>,
}

impl Outcome {
    fn add(&mut self, fault: Option<String>) {
        self.inputs += 1;
        self.faults.extend(fault);
    }
}

/// Sends all inputs of a kind, round after round, beside the load; `round` numbers the rounds.
async fn run(
    suite: Suite,
    round: impl AsyncFn(&Stage, usize) -> Outcome,
) -> Result<Report, Failure> {
    let stage = Stage::start(&suite, Shape::default()).await;
    let quiet = Footprint::settled(&stage).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    let mut outcome = round(&stage, 0).await;
    // What the first round took is room that is used again: buffers, pools, pages of the allocator.
    let first = quiet.with_memory_of(&Footprint::of(&stage));
    for number in 1..suite.pace.pick(4, 20) {
        let more = round(&stage, number).await;
        outcome.inputs += more.inputs;
        outcome.faults.extend(more.faults);
    }
    load.heals();
    load.pass(suite.pace.after()).await;

    let report = Report::nothing_lost(load.stop().await);
    let last = Footprint::settled_to(&first, &stage).await;
    let report = report.note(format!("{} bad inputs; {last}", outcome.inputs));
    let report = last.judge(&first, report);
    let faults = outcome.faults.len();
    let examples = outcome.faults.into_iter().take(EXAMPLES);
    let report = examples.fold(report, |report, fault| report.rule(false, || fault));
    Ok(report.rule(faults <= EXAMPLES, || {
        format!("{faults} inputs were not answered as they should be")
    }))
}
