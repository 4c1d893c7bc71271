//! An agent whose answers make no sense: members keep what they know, and go on as before.

mod liar;
mod lies;

use e2e::until;

use super::footprint::Footprint;
use crate::{
    Failure, Report, Shape, Stage, Suite,
    stage::{Mode, SERVICES},
};

/// A line says that answers are bad, the next that they are good again: who logs each of the bad ones logs more than one in so many.
const ANSWERS_PER_LINE: usize = 2;
/// Stands in each line of an access log.
const ACCESS: &str = "bellhop::access";

pub(super) async fn run(suite: Suite) -> Result<Report, Failure> {
    let stage = Stage::start(&suite, Shape::default()).await;
    let quiet = Footprint::settled(&stage).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let lines = lines(&stage);

    let liar = liar::Liar::before(stage.registry.address()).await?;
    load.breaks();
    set_gates(&stage, Mode::Elsewhere(liar.address()));
    load.pass(suite.pace.pick(2, 10) * suite.pace.hold()).await;
    set_gates(&stage, Mode::Pass);
    until_registered(&stage).await;
    load.heals();
    load.pass(suite.pace.after()).await;
    let logged = self::lines(&stage).saturating_sub(lines);

    let report = Report::nothing_lost(load.stop().await);
    let last = Footprint::settled_to(&quiet, &stage).await;
    let (told, untold) = (liar.told(), liar.untold());
    let report = report
        .note(format!(
            "{told} answers that were none, {logged} lines of log; {last}"
        ))
        .rule(untold.is_empty(), || {
            format!("never told: {}", untold.join(", "))
        })
        .rule(logged * ANSWERS_PER_LINE <= told, || {
            "it was logged again and again".to_owned()
        });
    Ok(last.judge(&quiet, report))
}

fn set_gates(stage: &Stage, mode: Mode) {
    for gate in stage.gates.values() {
        gate.set(mode);
    }
}

/// Lines that all members have logged, other than of each request that they were sent.
fn lines(stage: &Stage) -> usize {
    let members = stage.members.values().flatten();
    let lines = members.map(|member| {
        let output = member.process.output();
        let lines = output.lines();
        lines.filter(|line| !line.contains(ACCESS)).count()
    });
    lines.sum()
}

async fn until_registered(stage: &Stage) {
    for service in SERVICES {
        until("all to be registered", || async {
            let passing = stage.registry.passing(service).await;
            (passing.len() == stage.members[service].len()).then_some(())
        })
        .await;
    }
}
