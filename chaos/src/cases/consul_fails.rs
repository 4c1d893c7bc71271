//! The registry answers 500 to everything.

use std::time::Duration;

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case, stage::Mode};

pub(super) const CASE: Case = Case {
    name: "consul-500",
    about: "Consul answers 500 to all services for 30 s (6 s in short)",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let failing = suite
        .pace
        .pick(Duration::from_secs(6), Duration::from_secs(30));
    let stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    stage.gates.values().for_each(|gate| gate.set(Mode::Fail));
    load.pass(failing).await;
    stage.gates.values().for_each(|gate| gate.set(Mode::Pass));
    load.heals();
    load.pass(suite.pace.after()).await;
    stage.until_all_pass().await;
    Ok(Report::nothing_lost(load.stop().await))
}
