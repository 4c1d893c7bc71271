//! The registry is gone for a while, and comes back with what it knew.

use std::time::Duration;

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "consul-killed",
    about: "Consul killed for a minute (8 s in short), then back with what it knew",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let gone = suite
        .pace
        .pick(Duration::from_secs(8), Duration::from_secs(60));
    let mut stage = Stage::start(&suite, Shape::default().with_memory()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    stage.registry.stop();
    load.pass(gone).await;
    stage.registry.start().await;
    stage.until_all_pass().await;
    load.heals();
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}
