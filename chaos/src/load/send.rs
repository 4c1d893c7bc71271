//! Sends requests when they are due.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    runtime::Builder,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Right, Shared};
use crate::figures::{Phase, Sample};

/// Sends until told to stop, and returns with the last answer. On a thread of its own, so that nothing else delays it.
pub(super) fn run(shared: &Arc<Shared>, begun: Instant) {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(send(shared, begun));
}

async fn send(shared: &Arc<Shared>, begun: Instant) {
    let interval = Duration::from_secs(1) / shared.rate;
    let mut under_way = JoinSet::new();
    for number in 0_u32.. {
        let due = interval * number;
        sleep_until(begun + due).await;
        if shared.stop.load(Ordering::Relaxed) {
            break;
        }
        shared.due.fetch_add(1, Ordering::Relaxed);
        let (phase, right) = shared.now();
        under_way.spawn(one(shared.clone(), number, begun, due, (phase, right)));
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
}

async fn one(
    shared: Arc<Shared>,
    number: u32,
    begun: Instant,
    due: Duration,
    (phase, right): (Phase, Right),
) {
    let question = &shared.questions[number as usize % shared.questions.len()];
    let again = || {
        shared.resent.fetch_add(1, Ordering::Relaxed);
    };
    let answer = shared.balancer.ask_counting(&question.path, again).await;
    let took = begun.elapsed() - due;
    // Somebody may have gone meanwhile, or come back.
    let rights = [right, shared.now().1];
    let (end, fault) = question.judge(answer, &rights);
    let sample = Sample {
        due,
        phase,
        lenient: phase == Phase::During && right != Right::Whole,
        took,
        end,
    };
    shared.add(sample, fault);
}
