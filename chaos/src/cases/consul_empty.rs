//! The registry is killed, and a new one that knows nobody takes its place.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "consul-empty",
    about: "Consul killed and restarted with no memory; all register again",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let mut stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    stage.registry.restart().await;
    stage.until_all_pass().await;
    load.heals();
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}
