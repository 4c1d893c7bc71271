//! Two of three instances die at once.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "kill-two-of-three",
    about: "kill -9 of two of three instances at once, of each service but the frontend in turn",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let mut stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    for service in ["geo", "rate", "profile", "search"] {
        load.breaks();
        let dying = [stage.remove(service, 0), stage.remove(service, 0)];
        dying
            .iter()
            .for_each(|member| member.process.signal("KILL"));
        load.pass(suite.pace.hold() / 2).await;
        stage.grow(service, dying.len()).await;
        load.heals();
    }
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}
