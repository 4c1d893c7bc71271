//! Instances of rate come and go.

use std::time::Duration;

use e2e::until;
use futures_util::future::{join_all, try_join_all};

use crate::{Failure, Figures, Load, Report, Shape, Stage, Suite, cases::Case, roles::FAULTY};

pub(super) const CASE: Case = Case {
    name: "scale",
    about: "rate from 1 to 10 to 1 instances: an even spread within a second each time",
    run: |suite| Box::pin(run(suite)),
};

const SERVICE: &str = "rate";
const MANY: usize = 10;
/// From when the registry names all, or the last one only, until the spread is even.
const SETTLES: Duration = Duration::from_secs(1);
/// Instances are not asked for their counts in the same instant: a call at either end.
const SKEW: u64 = 2;
/// Nor are requests counted in the instant in which calls are.
const ALL_PERCENT: u64 = 98;

async fn run(suite: Suite) -> Result<Report, Failure> {
    let shape = Shape::default().with(SERVICE, 1).playing(SERVICE, FAULTY);
    let mut stage = Stage::start(&suite, shape).await;
    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;

    load.breaks();
    stage.grow(SERVICE, MANY - 1).await;
    load.pass(SETTLES).await;
    let many = served(&suite, &stage, &load).await?;

    load.breaks();
    let leaving = stage.members.get_mut(SERVICE).expect("rate").split_off(1);
    leaving.iter().for_each(|member| member.process.terminate());
    until("one instance in the registry", || async {
        (stage.registry.registered(SERVICE).await.len() == 1).then_some(())
    })
    .await;
    load.pass(SETTLES).await;
    let due = load.due();
    let one = served(&suite, &stage, &load).await?;
    let due = (load.due() - due) as u64;
    join_all(leaving.into_iter().map(|member| member.ended())).await;
    load.heals();
    load.pass(suite.pace.after()).await;
    Ok(judge(load.stop().await, &stage, &many, &one, due))
}

fn judge(figures: Figures, stage: &Stage, many: &[u64], one: &[u64], due: u64) -> Report {
    let (fewest, most) = bounds(many);
    let (served, _) = bounds(one);
    // Turns are strict within a caller: over any time its counts differ by one at most, and those of all by as many as they are.
    let callers = stage.members["search"].len() as u64;
    Report::nothing_lost(figures)
        .note(format!(
            "from a second after each change: {MANY} instances served {many:?}, then one served {served} of {due}"
        ))
        .rule(most - fewest <= callers + SKEW, || {
            format!("{fewest} to {most} calls are not an even spread from {callers} callers")
        })
        .rule(served * 100 >= due * ALL_PERCENT, || {
            format!("the last instance served {served} of {due} requests")
        })
}

/// How many calls each instance serves from now on, for a while.
async fn served(suite: &Suite, stage: &Stage, load: &Load) -> Result<Vec<u64>, Failure> {
    let members = &stage.members[SERVICE];
    let controls = join_all(members.iter().map(|member| member.control())).await;
    let counts = || try_join_all(controls.iter().map(|control| control.count()));
    let before = counts().await?;
    load.pass(suite.pace.hold()).await;
    let after = counts().await?;
    Ok(after
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect())
}

fn bounds(counts: &[u64]) -> (u64, u64) {
    let fewest = counts.iter().min().copied();
    let most = counts.iter().max().copied();
    (fewest.unwrap_or_default(), most.unwrap_or_default())
}
