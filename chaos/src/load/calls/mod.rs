//! Calls at a pace of their own, as many as it takes to ask for too much: of one instance of rate, or of the whole system.

mod outcome;
mod target;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use self::outcome::Answered;
pub(crate) use self::{outcome::Outcome, target::Target};
use crate::figures::Phase;

/// A caller waits no longer for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// Whom to call, and since when.
#[derive(Debug)]
pub(crate) struct Calls {
    target: Arc<Target>,
    begun: Instant,
}

impl Calls {
    pub(crate) fn to(target: Target) -> Self {
        Self {
            target: Arc::new(target),
            begun: Instant::now(),
        }
    }

    /// Since it began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// So many callers, each calling as soon as it has its answer.
    pub(crate) async fn closed(&self, phase: Phase, callers: usize, time: Duration) -> Outcome {
        let (calls_begun, started) = (self.begun, Instant::now());
        let mut working = JoinSet::new();
        for caller in 0..callers {
            let target = self.target.clone();
            working.spawn(async move {
                let mut outcome = Outcome::new(phase);
                while started.elapsed() < time {
                    let due = Instant::now();
                    let answered = call(&target, caller).await;
                    outcome.add(due - calls_begun, due.elapsed(), answered);
                }
                outcome
            });
        }
        Outcome::all(phase, working.join_all().await, started.elapsed())
    }

    /// So many calls a second, at even intervals whatever the answers do.
    pub(crate) async fn open(&self, phase: Phase, rate: f64, time: Duration) -> Outcome {
        let (calls_begun, started) = (self.begun, Instant::now());
        let interval = Duration::from_secs_f64(1.0 / rate);
        let mut working = JoinSet::new();
        for number in 0_u32.. {
            let due = started + interval * number;
            if due >= started + time {
                break;
            }
            sleep_until(due.into()).await;
            let target = self.target.clone();
            working.spawn(async move {
                let mut outcome = Outcome::new(phase);
                let answered = call(&target, number as usize).await;
                outcome.add(due - calls_begun, due.elapsed(), answered);
                outcome
            });
        }
        Outcome::all(phase, working.join_all().await, time)
    }
}

async fn call(target: &Target, number: usize) -> Answered {
    match timeout(PATIENCE, target.call(number)).await {
        Ok(answered) => answered,
        Err(_) => Answered::Late,
    }
}
