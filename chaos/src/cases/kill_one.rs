//! One instance of each service dies, in turn.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case, stage::SERVICES};

pub(super) const CASE: Case = Case {
    name: "kill-one",
    about: "kill -9 of one instance of each service, in turn",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let mut stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    for service in SERVICES {
        if service == "frontend" {
            // Nobody else can hide the death of whom one speaks to: the balancer before the frontends asks another one.
            load.resend(true);
        }
        load.breaks();
        stage.remove(service, 0).process.signal("KILL");
        load.pass(suite.pace.hold() / 2).await;
        stage.add(service).await;
        load.heals();
    }
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}
