//! The steady load: open loop, through the frontends, each answer compared with what it was when all was well.
//!
//! Requests are due at even intervals, whatever the answers do, and are timed from when they were due: a system that stands
//! still is seen standing still (no coordinated omission).

mod again;
mod balancer;
mod calls;
mod question;
mod send;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::time::Instant;

pub(crate) use self::{
    again::Again,
    calls::{Calls, Outcome, PATIENCE, Target},
};
use self::{balancer::Balancer, question::Question};
use crate::{
    Failure, Figures,
    figures::{End, Phase, Sample},
};

/// So many of the bad answers are told in words.
const EXAMPLES: usize = 5;

/// What is right to answer, besides what was answered when all was well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Nothing else.
    Whole,
    /// All hotels as they are, without prices, and that rate is missing.
    WithoutPrices,
    /// 503, which names this service.
    Without(&'static str),
    /// The same, or that the answer did not come in time: it has not been found out yet that nobody answers.
    Silent(&'static str),
}

/// A load that runs.
#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    begun: Instant,
    thread: JoinHandle<()>,
}

/// What the load's own thread shares with the case.
#[derive(Debug)]
struct Shared {
    rate: u32,
    balancer: Balancer,
    questions: Vec<Question>,
    record: Mutex<Record>,
    /// Requests that were due so far.
    due: AtomicUsize,
    resent: AtomicUsize,
    stop: AtomicBool,
}

#[derive(Debug)]
struct Record {
    phase: Phase,
    right: Right,
    /// When something broke or was healed, after the load began.
    changes: Vec<Duration>,
    samples: Vec<Sample>,
    examples: Vec<String>,
}

impl Load {
    /// Learns the answers while all is well, and begins: so many requests a second, through the frontends that this registry
    /// names.
    pub(crate) async fn start(registry: SocketAddr, rate: u32) -> Result<Self, Failure> {
        let balancer = Balancer::follow(registry).await;
        let questions = question::learn(&balancer).await?;
        let shared = Arc::new(Shared {
            rate,
            balancer,
            questions,
            record: Mutex::new(Record {
                phase: Phase::Before,
                right: Right::Whole,
                changes: Vec::new(),
                samples: Vec::new(),
                examples: Vec::new(),
            }),
            due: AtomicUsize::new(0),
            resent: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let begun = Instant::now();
        let sender = thread::Builder::new().name("load".to_owned());
        let thread = sender.spawn({
            let shared = shared.clone();
            move || send::run(&shared, begun)
        })?;
        Ok(Self {
            shared,
            begun,
            thread,
        })
    }

    /// Lets time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// From here on something is broken. Breaking and healing may take turns.
    pub(crate) fn breaks(&self) {
        self.enter(Phase::During);
    }

    /// From here on all is healed.
    pub(crate) fn heals(&self) {
        self.enter(Phase::After);
    }

    fn enter(&self, phase: Phase) {
        let mut record = self.shared.record();
        record.phase = phase;
        record.changes.push(self.begun.elapsed());
    }

    /// From here on this is right to answer, and nothing else.
    pub(crate) fn allow(&self, right: Right) {
        self.shared.record().right = right;
    }

    /// How long those took so far that rightly were answered with less than a whole answer, in the order of their ends.
    pub(crate) fn lesser(&self) -> Vec<Duration> {
        let record = self.shared.record();
        let lesser = record
            .samples
            .iter()
            .filter(|sample| sample.end == End::Lesser);
        lesser.map(|sample| sample.took).collect()
    }

    /// How many requests were due so far.
    pub(crate) fn due(&self) -> usize {
        self.shared.due.load(Ordering::Relaxed)
    }

    /// Whether a request that a frontend leaves without an answer goes to another one. A balancer before several frontends does
    /// so with a GET; cases that kill no frontend do without, and so does every answer, whatever it says.
    pub(crate) fn resend(&self, resend: bool) {
        self.shared.balancer.resend(resend);
    }

    /// Ends it, and waits for the last answers.
    pub(crate) async fn stop(self) -> Figures {
        self.shared.stop.store(true, Ordering::Relaxed);
        let ended = tokio::task::spawn_blocking(|| self.thread.join());
        let ended = ended.await.expect("a runtime that goes on");
        ended.expect("a load that does not panic");
        let record = self.shared.record();
        Figures {
            resent: self.shared.resent.load(Ordering::Relaxed),
            examples: record.examples.clone(),
            ..Figures::new(&record.samples, &record.changes)
        }
    }
}

impl Shared {
    fn record(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> (Phase, Right) {
        let record = self.record();
        (record.phase, record.right)
    }

    fn add(&self, sample: Sample, fault: Option<String>) {
        let mut record = self.record();
        record.samples.push(sample);
        if let Some(fault) = fault.filter(|_| record.examples.len() < EXAMPLES) {
            let at = sample.due.as_secs_f64();
            record.examples.push(format!("at {at:.2} s: {fault}"));
        }
    }
}
