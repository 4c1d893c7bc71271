//! One service cannot reach the registry.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case, stage::Mode};

pub(super) const CASE: Case = Case {
    name: "consul-unreachable",
    about: "the agent unreachable from search alone: refused, then without an answer; one rate dies meanwhile",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let mut stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    for mode in [Mode::Refuse, Mode::Swallow] {
        load.breaks();
        stage.gates["search"].set(mode);
        load.pass(suite.pace.hold() / 2).await;
        load.breaks();
        // Search cannot hear of it from the registry.
        stage.remove("rate", 0).process.signal("KILL");
        load.pass(suite.pace.hold() / 2).await;
        stage.gates["search"].set(Mode::Pass);
        stage.add("rate").await;
        load.heals();
        load.pass(suite.pace.after() / 2).await;
    }
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}
