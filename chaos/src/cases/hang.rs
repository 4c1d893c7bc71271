//! An instance hangs, and wakes.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case};

pub(super) const CASE: Case = Case {
    name: "hang",
    about: "SIGSTOP of one instance of each service but the frontend in turn, later SIGCONT",
    run: |suite| Box::pin(run(suite)),
};

async fn run(suite: Suite) -> Result<Report, Failure> {
    let stage = Stage::start(&suite, Shape::default()).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let services = ["geo", "rate", "profile", "search"];
    for service in services {
        let hanging = &stage.members[service][0].process;
        load.breaks();
        hanging.signal("STOP");
        load.pass(suite.pace.hold()).await;
        hanging.signal("CONT");
        load.heals();
        load.pass(suite.pace.after() / 2).await;
    }
    load.pass(suite.pace.after()).await;
    let broken = services.map(|service| stage.share(service, 0));
    let again = load.again(&broken).await;
    Ok(Report::nothing_lost(load.stop().await).again(&again))
}
