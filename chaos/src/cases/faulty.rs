//! What the cases with an instance that does as told have in common.

use crate::{
    Failure, Report, Shape, Stage, Suite,
    roles::{Control, FAULTY},
};

const SERVICES: [&str; 4] = ["geo", "rate", "profile", "search"];

/// What an instance is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// To take so long for each call.
    Slow { millis: u64 },
    /// To answer UNAVAILABLE to so many of a hundred calls.
    Refuse { percent: u64 },
}

impl Fault {
    async fn begin(self, control: Control) -> Result<(), Failure> {
        Ok(match self {
            Self::Slow { millis } => control.slow(millis).await,
            Self::Refuse { percent } => control.refuse(percent).await,
        }?)
    }

    async fn end(self, control: Control) -> Result<(), Failure> {
        match self {
            Self::Slow { .. } => Self::Slow { millis: 0 }.begin(control).await,
            Self::Refuse { .. } => Self::Refuse { percent: 0 }.begin(control).await,
        }
    }
}

/// One of three instances of each service does it for a while, in turn; in the short form of these only.
pub(super) async fn break_each(
    suite: &Suite,
    fault: Fault,
    short: &'static [&'static str],
) -> Result<Report, Failure> {
    let faulty = |shape: Shape, service| shape.playing(service, FAULTY);
    let shape = SERVICES.into_iter().fold(Shape::default(), faulty);
    let stage = Stage::start(suite, shape).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    let services = suite.pace.pick(short, &SERVICES);
    for service in services {
        let control = stage.members[*service][0].control().await;
        load.breaks();
        fault.begin(control).await?;
        load.pass(suite.pace.hold()).await;
        fault.end(control).await?;
        load.heals();
        load.pass(suite.pace.after() / 2).await;
    }
    load.pass(suite.pace.after()).await;
    let broken: Vec<_> = services
        .iter()
        .map(|service| stage.share(service, 0))
        .collect();
    let again = load.again(&broken).await;
    Ok(Report::nothing_lost(load.stop().await).again(&again))
}
