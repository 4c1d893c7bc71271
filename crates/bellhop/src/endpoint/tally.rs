//! Calls to an instance, counted.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use http::HeaderMap;
use tokio::time::Instant;
use tonic::{Code, Status};

use super::latencies::{Counts, Latencies};
use crate::{
    breaker::{Outcome, Ticket},
    telemetry::{Notes, code_name},
    upstream::StreamsReport,
};

/// The most of a failure's message that is kept, in characters.
const MESSAGE_MAX: usize = 200;

/// What one shard has counted of its calls to one instance. Each shard has its own: calls write to it.
pub(crate) struct Tally {
    origin: Instant,
    began: SystemTime,
    begun: AtomicU64,
    ended: AtomicU64,
    failed: AtomicU64,
    /// When the last call began, in milliseconds since the origin.
    last: AtomicU64,
    latencies: Latencies,
    failure: Mutex<Option<Failure>>,
}

/// What all shards have counted of their calls to one instance.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Vec<Arc<Tally>>>);

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) at: SystemTime,
}

/// What was counted, of one shard or more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallied {
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) failed: u64,
    pub(crate) last: Option<SystemTime>,
    pub(crate) latencies: Counts,
    pub(crate) failure: Option<Failure>,
}

/// A call that an instance has, to the end of its answer: counted, and judged by its breaker where there is one.
pub(crate) struct Account {
    tally: Arc<Tally>,
    since: Instant,
    ticket: Option<Ticket>,
    open: bool,
}

impl Tally {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            origin: now,
            began: SystemTime::now(),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last: AtomicU64::new(0),
            latencies: Latencies::default(),
            failure: Mutex::default(),
        }
    }

    /// A call is about to begin.
    pub(super) fn open(self: &Arc<Self>, since: Instant, ticket: Option<Ticket>) -> Account {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.last.store(self.millis(since), Ordering::Relaxed);
        Account {
            tally: self.clone(),
            since,
            ticket,
            open: true,
        }
    }

    /// How many calls began and ended.
    pub(super) fn streams(&self) -> StreamsReport {
        StreamsReport {
            begun: self.begun.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Adds what was counted to that of others.
    pub(super) fn add_to(&self, all: &mut Tallied, now: Instant) {
        let begun = self.begun.load(Ordering::Relaxed);
        all.begun += begun;
        all.ended += self.ended.load(Ordering::Relaxed);
        all.failed += self.failed.load(Ordering::Relaxed);
        if begun > 0 {
            let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
            all.last = all.last.max(Some(self.began + last));
        }
        self.latencies.add_to(&mut all.latencies, self.millis(now));
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |failure: &Option<Failure>| failure.as_ref().map(|failure| failure.at);
        if at(&failure) > at(&all.failure) {
            all.failure.clone_from(&failure);
        }
    }

    fn fail(&self, what: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let at = SystemTime::now();
        let what = what.chars().take(MESSAGE_MAX).collect();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = Some(Failure { what, at });
    }

    fn millis(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.origin).as_millis() as u64
    }
}

impl Tallied {
    /// Adds the calls of another, which may be over or not.
    pub(super) fn add_calls(&mut self, other: &Self) {
        self.begun += other.begun;
        self.ended += other.ended;
        self.failed += other.failed;
        self.last = self.last.max(other.last);
    }
}

impl Tallies {
    /// Where one more shard counts: in what nobody else counts in any more, if there is such a one.
    pub(super) fn join(&self) -> Arc<Tally> {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = tallies.iter().find(|tally| Arc::strong_count(tally) == 1) {
            return free.clone();
        }
        let tally = Arc::new(Tally::new(Instant::now()));
        tallies.push(tally.clone());
        tally
    }

    pub(super) fn sum(&self) -> Tallied {
        let (mut all, now) = (Tallied::default(), Instant::now());
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for tally in tallies.iter() {
            tally.add_to(&mut all, now);
        }
        all
    }
}

impl Account {
    /// The call has no more time than this; `None` where it has all the time there is.
    pub(super) fn bound(&mut self, timeout: Option<Duration>) {
        if let Some(ticket) = &mut self.ticket {
            ticket.bound(timeout);
        }
    }

    /// What the call changes of the breaker is told there.
    pub(super) fn note(&mut self, notes: Option<Notes>) {
        if let Some(ticket) = &mut self.ticket {
            ticket.note(notes);
        }
    }

    /// Notes that the answer has begun, and what its head says of the call's outcome.
    pub(super) fn answered(&mut self, head: Option<Outcome>, headers: &HeaderMap) {
        let now = Instant::now();
        let took = now.saturating_duration_since(self.since);
        self.tally.latencies.note(self.tally.millis(now), took);
        if let Some(outcome) = head {
            self.close(outcome, || said(headers));
        }
        if let Some(ticket) = &mut self.ticket {
            ticket.answered(head);
        }
    }

    /// Notes a message of the answer.
    pub(crate) fn heard(&mut self) {
        if let Some(ticket) = &mut self.ticket {
            ticket.heard();
        }
    }

    /// Notes the status that the call ended with, `None` where it ended without one, and what that says of the instance.
    pub(crate) fn finish(&mut self, code: Option<Code>, outcome: Outcome) {
        let name = || code.map_or("the answer ended without a status", code_name);
        self.end(outcome, || name().to_owned());
    }

    /// Notes that the connection failed.
    pub(super) fn fail(&mut self, why: impl FnOnce() -> String) {
        self.end(Outcome::Bad, why);
    }

    /// Ends a call that says nothing about the instance.
    pub(super) fn give_back(mut self) {
        self.close(Outcome::Unsaid, String::new);
        if let Some(ticket) = self.ticket.take() {
            ticket.give_back();
        }
    }

    fn end(&mut self, outcome: Outcome, what: impl FnOnce() -> String) {
        self.close(outcome, what);
        if let Some(ticket) = &mut self.ticket {
            ticket.finish(outcome);
        }
    }

    /// Counts the end of the call, the first time.
    fn close(&mut self, outcome: Outcome, what: impl FnOnce() -> String) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        self.tally.ended.fetch_add(1, Ordering::Relaxed);
        if matches!(outcome, Outcome::Bad | Outcome::Overloaded) {
            self.tally.fail(what());
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let overdue = self.ticket.as_ref().is_some_and(Ticket::is_overdue);
        let outcome = if overdue {
            Outcome::Bad
        } else {
            Outcome::Unsaid
        };
        self.close(outcome, || "no answer in time".to_owned());
    }
}

/// What the head of an answer says went wrong.
fn said(headers: &HeaderMap) -> String {
    match Status::from_header_map(headers) {
        Some(status) => format!("{}: {}", code_name(status.code()), status.message()),
        None => "an answer that is no gRPC".to_owned(),
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("begun", &self.begun)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("tally", &self.tally)
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallied(tally: &Tally) -> Tallied {
        let mut all = Tallied::default();
        tally.add_to(&mut all, Instant::now());
        all
    }

    #[tokio::test(start_paused = true)]
    async fn each_call_ends_once() {
        let tally = Arc::new(Tally::new(Instant::now()));
        let mut good = tally.open(Instant::now(), None);
        let mut bad = tally.open(Instant::now(), None);
        let left = tally.open(Instant::now(), None);
        let all = tallied(&tally);
        assert_eq!((all.begun, all.ended), (3, 0));
        good.answered(None, &HeaderMap::new());
        good.finish(Some(Code::NotFound), Outcome::Good);
        drop(good);
        bad.finish(Some(Code::Internal), Outcome::Bad);
        bad.finish(Some(Code::Ok), Outcome::Good);
        drop((bad, left));
        let all = tallied(&tally);
        assert_eq!((all.begun, all.ended, all.failed), (3, 3, 1));
        assert_eq!(all.latencies.total(), 1);
        assert_eq!(all.failure.unwrap().what, "INTERNAL");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_of_any_shard_is_told() {
        let (one, other) = (Tally::new(Instant::now()), Tally::new(Instant::now()));
        one.fail("first".to_owned());
        other.fail("x".repeat(1000));
        let mut all = Tallied::default();
        other.add_to(&mut all, Instant::now());
        one.add_to(&mut all, Instant::now());
        assert_eq!(all.failure.unwrap().what.len(), MESSAGE_MAX);
    }
}
