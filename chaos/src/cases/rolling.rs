//! Every instance of every service is replaced.

use crate::{Failure, Report, Shape, Stage, Suite, cases::Case, stage::SERVICES};

pub(super) const CASE: Case = Case {
    name: "rolling-restart",
    about: "every instance of every service is replaced, two of four at a time; two frontends, each drained",
    run: |suite| Box::pin(run(suite)),
};

const AT_A_TIME: usize = 2;

async fn run(suite: Suite) -> Result<Report, Failure> {
    let four = |shape: Shape, service| shape.with(service, 4);
    let services = &SERVICES[..SERVICES.len() - 1];
    let shape = services.iter().copied().fold(Shape::default(), four);
    let mut stage = Stage::start(&suite, shape).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    for service in services {
        for _ in 0..2 {
            load.breaks();
            replace(&mut stage, service, AT_A_TIME).await;
        }
    }
    for _ in 0..2 {
        load.breaks();
        replace(&mut stage, "frontend", 1).await;
    }
    load.heals();
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await))
}

/// Stops the oldest instances, all at the same time, and starts as many new ones once they have ended.
async fn replace(stage: &mut Stage, service: &'static str, count: usize) {
    let leaving: Vec<_> = (0..count)
        .map(|_| stage.remove(service, 0).leave())
        .collect();
    futures_util::future::join_all(leaving).await;
    stage.grow(service, count).await;
}
