//! Five times as much is asked for as can be done.

use std::time::Duration;

use crate::{
    Failure, Figures, Report, Shape, Stage, Suite,
    cases::Case,
    figures::{End, Phase, percentile},
    load::{Calls, Outcome, PATIENCE, Target},
    report::Overload,
    roles::{FAULTY, WORKERS},
};

pub(super) const SERVER: Case = Case {
    name: "overload",
    about: "five times the measured capacity of a server: goodput above 90 % of it, refusals told within 10 ms",
    run: |suite| Box::pin(server(suite)),
};

pub(super) const PROCESSOR: Case = Case {
    name: "overload-cpu",
    about: "the same where each call has the only thread's processor for itself",
    run: |suite| Box::pin(processor(suite)),
};

pub(super) const SYSTEM: Case = Case {
    name: "overload-system",
    about: "the same through the frontends, where three instances of geo can do so much and no more",
    run: |suite| Box::pin(system(suite)),
};

const TIMES: f64 = 5.0;
const GOODPUT: f64 = 0.9;
const TOLD_WITHIN: Duration = Duration::from_millis(10);
/// So long each call takes of a worker, as of a database: the cores of this machine, which the load needs too, have time left.
const WORK: u64 = 20;
/// So long each call keeps the processor from everybody else.
const BURN: u64 = 4;
/// How long servers may take to learn what they can do: until then late answers are only told of.
const LEARNS: Duration = Duration::from_secs(3);
/// So many of a hundred calls may then come to nothing in time.
const LATE_PERCENT: usize = 1;
/// Of the capacity, asked for afterwards.
const QUIET: f64 = 0.5;
/// How long they may take to find out that there is room again...
const RECOVERS: Duration = Duration::from_secs(1);
/// ... and so many of a hundred calls are good then.
const GOOD_PERCENT: usize = 95;
/// While the capacity is measured so many of a hundred calls may be refused: more, and it is not the capacity.
const REFUSED_PERCENT: usize = 5;

async fn server(suite: Suite) -> Result<Report, Failure> {
    let (service, workers) = ("rate", 4);
    let shape = Shape::only(service, 1).playing(service, FAULTY);
    let stage = Stage::start(&suite, shape.setting(service, WORKERS, workers)).await;
    work(&stage, service).await?;
    let target = Target::rate(stage.members[service][0].address).await?;
    // More at one time than keep the server busy, and not so many that it has to refuse any. The last of a hundred are told late
    // where the machine stumbles.
    run(&suite, target, workers * 3 / 2, 95).await
}

async fn processor(suite: Suite) -> Result<Report, Failure> {
    let service = "rate";
    let shape = Shape::only(service, 1).playing(service, FAULTY);
    // The other core is for those who call.
    let stage = Stage::start(&suite, shape.setting(service, "BELLHOP_SHARDS", 1)).await;
    let instance = &stage.members[service][0];
    instance.control().await.burn(BURN).await?;
    let target = Target::rate(instance.address).await?;
    // While one is served the other waits. Nobody can be told anything while a call has the processor.
    run(&suite, target, 2, 95).await
}

async fn system(suite: Suite) -> Result<Report, Failure> {
    let (service, workers) = ("geo", 1);
    let shape = Shape::default().playing(service, FAULTY);
    let stage = Stage::start(&suite, shape.setting(service, WORKERS, workers)).await;
    let target = Target::system(stage.registry.address()).await?;
    work(&stage, service).await?;
    let workers = workers * stage.members[service].len();
    // Some are sent to another instance first, which takes a little longer.
    run(&suite, target, workers * 2, 95).await
}

/// Has every call to a service take a worker's time.
async fn work(stage: &Stage, service: &str) -> Result<(), Failure> {
    for member in &stage.members[service] {
        member.control().await.slow(WORK).await?;
    }
    Ok(())
}

/// Measures what so many callers come to, then asks for more; so many percent of the refused have to be told in time.
async fn run(
    suite: &Suite,
    target: Target,
    callers: usize,
    percent: usize,
) -> Result<Report, Failure> {
    let calls = Calls::to(target);
    let (hold, after) = (suite.pace.hold(), suite.pace.after());
    let measured = calls.closed(Phase::Before, callers, hold).await;
    let capacity = measured.goodput();
    let breaks = calls.elapsed();
    let overload = calls.open(Phase::During, capacity * TIMES, hold * 2).await;
    let heals = calls.elapsed();
    let quiet = calls.open(Phase::After, capacity * QUIET, after).await;
    let report = judge(capacity, &[measured, overload, quiet], &[breaks, heals]);
    let told = report
        .overload
        .as_ref()
        .and_then(|overload| overload.told(percent));
    Ok(
        report.rule(told.is_some_and(|told| told <= TOLD_WITHIN), || {
            format!("{percent} % of the refused were told within {told:.1?}, not {TOLD_WITHIN:?}")
        }),
    )
}

fn judge(capacity: f64, outcomes: &[Outcome; 3], changes: &[Duration; 2]) -> Report {
    let samples = outcomes.iter().flat_map(|outcome| outcome.samples.clone());
    let mut figures = Figures::new(&samples.collect::<Vec<_>>(), changes);
    // Those that were refused are told of apart.
    figures.lesser.clear();
    let [measured, overload, quiet] = outcomes;
    let (goodput, good, refused) = (overload.goodput(), overload.good(), overload.refused());
    let early = measured.refused().len();
    let others: Vec<_> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.others)
        .collect();
    let report = Report::of(figures)
        .note(format!(
            "capacity {capacity:.0}/s; at {TIMES} times of it {goodput:.0}/s were good, within {:.0?} (p99); {} of {} refused",
            percentile(&good, 99),
            refused.len(),
            overload.samples.len()
        ))
        .with_overload(Overload {
            share: goodput / capacity,
            refused,
        })
        .rule(goodput >= GOODPUT * capacity, || {
            format!("a goodput of {goodput:.0}/s is less than 90 % of {capacity:.0}/s")
        })
        .rule(is_percent_of(early, REFUSED_PERCENT, measured.samples.len()), || {
            format!("{early} were refused while the capacity was measured")
        })
        .rule(others.is_empty(), || {
            format!("{} answers that say something else: {:?}", others.len(), others.first())
        });
    recovers(
        in_time(report, overload, changes[0] + LEARNS),
        quiet,
        changes[1] + RECOVERS,
    )
}

/// Hardly anybody waits in vain once servers have learnt what they can do.
fn in_time(report: Report, overload: &Outcome, learnt: Duration) -> Report {
    let all = overload.samples.iter();
    let calls = all.filter(|sample| sample.due >= learnt).count();
    let late = overload.late.iter().filter(|due| **due >= learnt).count();
    let early = overload.late.len() - late;
    report
        .note(format!(
            "not answered within {PATIENCE:?}: {early} in the first {LEARNS:?}, {late} of {calls} after that"
        ))
        .rule(is_percent_of(late, LATE_PERCENT, calls), || {
            format!("{late} of {calls} were not answered within {PATIENCE:?}")
        })
}

/// Where no more is asked for than can be done, all is served again.
fn recovers(report: Report, quiet: &Outcome, recovered: Duration) -> Report {
    let calls = quiet
        .samples
        .iter()
        .filter(|sample| sample.due >= recovered);
    let good = calls
        .clone()
        .filter(|sample| sample.end == End::Good)
        .count();
    let calls = calls.count();
    report
        .note(format!("afterwards {good} of {calls} were good"))
        .rule(good * 100 >= calls * GOOD_PERCENT, || {
            format!("afterwards only {good} of {calls} were good")
        })
}

/// Whether some are at most so many of a hundred.
fn is_percent_of(some: usize, percent: usize, all: usize) -> bool {
    some * 100 <= all * percent
}
