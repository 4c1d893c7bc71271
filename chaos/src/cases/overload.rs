//! A server is asked for five times what it can do.

use std::time::Duration;

use crate::{
    Failure, Report, Shape, Stage, Suite,
    cases::Case,
    figures::percentile,
    load::{Calls, Outcome},
    roles::LIMITED,
};

pub(super) const CASE: Case = Case {
    name: "overload",
    about: "five times the measured capacity of a server: goodput above 90 % of it, refusals told within 10 ms",
    run: |suite| Box::pin(run(suite)),
};

const SERVICE: &str = "rate";
/// At one time: more than keep the server busy, and not so many that it has to refuse any.
const CALLERS: usize = 6;
const TIMES: f64 = 5.0;
const GOODPUT: f64 = 0.9;
const TOLD_WITHIN: Duration = Duration::from_millis(10);

async fn run(suite: Suite) -> Result<Report, Failure> {
    let shape = Shape::only(SERVICE, 1).playing(SERVICE, LIMITED);
    let stage = Stage::start(&suite, shape).await;
    let calls = Calls::to(stage.members[SERVICE][0].address).await?;
    let measured = calls.closed(CALLERS, suite.pace.hold()).await;
    let capacity = measured.goodput();
    let overload = calls.open(capacity * TIMES, suite.pace.hold() * 2).await;

    let (goodput, refused) = (overload.goodput(), &overload.refused);
    let (told, good) = (percentile(refused, 99), percentile(&overload.good, 99));
    Ok(Report::default()
        .note(format!(
            "capacity {capacity:.0}/s; at {TIMES} times of it {goodput:.0}/s were good, {:.0} %",
            100.0 * goodput / capacity
        ))
        .note(format!(
            "{} of {} refused, told within {told:.1?} (p99); good ones within {good:.0?} (p99); {} late",
            refused.len(),
            overload.calls,
            overload.late
        ))
        .rule(goodput >= GOODPUT * capacity, || {
            format!("a goodput of {goodput:.0}/s is less than 90 % of {capacity:.0}/s")
        })
        .rule(!refused.is_empty() && told <= TOLD_WITHIN, || {
            format!("{} refused, told within {told:.1?}, not {TOLD_WITHIN:?}", refused.len())
        })
        .rule(others(&[&measured, &overload]).is_empty(), || {
            format!("answers that say something else: {}", others(&[&measured, &overload]))
        }))
}

/// Answers that are neither good nor a refusal nor late, the first of them.
fn others(outcomes: &[&Outcome]) -> String {
    let others = outcomes.iter().flat_map(|outcome| &outcome.others);
    others.take(3).cloned().collect::<Vec<_>>().join("; ")
}
