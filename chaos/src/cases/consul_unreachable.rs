//! One service cannot reach the registry.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case, stage::Mode};

pub(super) const CALLERS: Case = Case {
    name: "consul-unreachable",
    about: "the agent unreachable from search alone: refused, then without an answer; one rate dies meanwhile",
    run: |suite| Box::pin(callers(suite)),
};

pub(super) const SERVED: Case = Case {
    name: "consul-unreachable-served",
    about: "the agent silent (in long also refused) for rate, whose instances report to it: all go critical; one leaves meanwhile",
    run: |suite| Box::pin(served(suite)),
};

/// How long the registry believes what an instance has last said of its health: less than it is unreachable.
const BELIEVED: &str = "2s";

async fn callers(suite: Suite) -> Result<Report, Failure> {
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

async fn served(suite: Suite) -> Result<Report, Failure> {
    let shape = Shape::default()
        .setting("rate", "BELLHOP_CHECK", "ttl")
        .setting("rate", "BELLHOP_CHECK_TTL", BELIEVED);
    let mut stage = Stage::start(&suite, shape).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let mut believed = Vec::new();
    let modes: &[_] = suite
        .pace
        .pick(&[Mode::Swallow], &[Mode::Refuse, Mode::Swallow]);
    for mode in modes {
        load.breaks();
        stage.gates["rate"].set(*mode);
        load.pass(suite.pace.hold()).await;
        believed.extend(stage.registry.passing("rate").await);
        load.breaks();
        // The registry does not hear of it, and so neither do its callers, until it tells them itself.
        stage.remove("rate", 0).leave().await;
        stage.gates["rate"].set(Mode::Pass);
        stage.add("rate").await;
        stage.until_all_pass().await;
        load.heals();
        load.pass(suite.pace.after() / 2).await;
    }
    load.pass(suite.pace.after()).await;
    let report = Report::nothing_lost(load.stop().await);
    Ok(report.rule(believed.is_empty(), || {
        format!("the registry still believed {}", believed.join(", "))
    }))
}
