//! A breaker among its surroundings, and the tickets that it gives out.

use std::{
    cell::Cell,
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry::KeyValue;
use tokio::time::Instant;

use super::{
    BreakerState, Change, Outcome, Settings, Trouble,
    circuit::{Circuit, Permit},
    state::Phase,
};
use crate::{
    discovery::InstanceId,
    telemetry::{ENDPOINT_ID, Notes},
};

/// A deadline rings to the millisecond: who is dropped by it must not seem to have been a moment early.
const GRACE: Duration = Duration::from_millis(1);

/// Who wants to know of changes.
pub(crate) trait Observer: Send + Sync {
    /// A breaker has changed; it holds no lock.
    fn changed(&self, id: &InstanceId, change: Change);
}

/// The breaker of one instance.
pub(crate) struct Breaker {
    id: InstanceId,
    circuit: Circuit,
    /// Whether it lets calls through although it is open.
    exempt: AtomicBool,
    observer: Weak<dyn Observer>,
}

/// What one connection has of a breaker. Calls count references to it, and it is not shared between shards.
#[derive(Debug)]
pub(crate) struct Gate(Arc<Breaker>);

impl Gate {
    pub(crate) fn new(breaker: Arc<Breaker>) -> Arc<Self> {
        Arc::new(Self(breaker))
    }

    /// Whether a call would be let through.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        self.0.circuit.admits(now) || self.0.is_exempt()
    }

    /// Lets a call through, or does not.
    pub(crate) fn admit(self: &Arc<Self>, now: Instant) -> Option<Ticket> {
        let permit = self.0.circuit.admit(now);
        (permit.is_some() || self.0.is_exempt()).then(|| self.ticket(permit, now))
    }

    /// Lets a call through that would have nowhere else to go; where the breaker is open it counts for nothing.
    pub(crate) fn admit_anyway(self: &Arc<Self>, now: Instant) -> Ticket {
        self.ticket(self.0.circuit.admit(now), now)
    }

    fn ticket(self: &Arc<Self>, permit: Option<Permit>, now: Instant) -> Ticket {
        Ticket {
            gate: self.clone(),
            permit,
            since: now,
            timeout: None,
            answered: false,
            notes: None,
        }
    }
}

impl Breaker {
    /// Closed. Breakers that are compared with each other have the same `origin` of their time.
    pub(crate) fn new(
        id: InstanceId,
        settings: Settings,
        origin: Instant,
        observer: Weak<dyn Observer>,
    ) -> Self {
        Self {
            id,
            circuit: Circuit::new(settings, origin),
            exempt: AtomicBool::new(false),
            observer,
        }
    }

    /// What is wrong with the instance; `None` while the breaker is closed.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.circuit.trouble()
    }

    /// Where it stands, for those who look at it.
    pub(crate) fn state(&self) -> BreakerState {
        match self.circuit.phase() {
            Phase::Closed { .. } => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    #[cfg(test)]
    pub(super) fn phase(&self) -> Phase {
        self.circuit.phase()
    }

    pub(crate) fn is_exempt(&self) -> bool {
        self.exempt.load(Ordering::Relaxed)
    }

    pub(crate) fn set_exempt(&self, exempt: bool) {
        self.exempt.store(exempt, Ordering::Relaxed);
    }

    /// Lets an open breaker probe at once.
    pub(crate) fn hurry(&self) {
        self.circuit.hurry();
    }

    fn finish(&self, permit: Permit, outcome: Outcome, at: Instant) -> Option<Change> {
        let change = self.circuit.finish(permit, outcome, at, fastrand::f64())?;
        if let Some(observer) = self.observer.upgrade() {
            observer.changed(&self.id, change);
        }
        Some(change)
    }
}

thread_local! {
    /// Whether calls that are dropped now are dropped for being overtaken.
    static OVERTAKEN: Cell<bool> = const { Cell::new(false) };
}

/// Drops calls that another attempt has overtaken. Their tickets are deep inside of what HTTP/2 calls a future, where nobody
/// else can tell them.
pub(crate) fn overtaken<T>(calls: T) {
    OVERTAKEN.set(true);
    drop(calls);
    OVERTAKEN.set(false);
}

/// A call that was let through, to the end of its answer.
///
/// One that is dropped without an answer says nothing, and a probe is given back: its caller has left, for reasons of its own.
/// But when its time was over by then, or another attempt has [overtaken] it, that is a failure.
pub(crate) struct Ticket {
    gate: Arc<Gate>,
    /// `None` for a call that passes an open breaker, and once the call's outcome is known.
    permit: Option<Permit>,
    since: Instant,
    timeout: Option<Duration>,
    answered: bool,
    notes: Option<Notes>,
}

impl Ticket {
    /// The call has no more time than this; `None` where it has all the time there is.
    pub(crate) fn bound(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout.map(|timeout| timeout.saturating_sub(GRACE));
    }

    /// What the call changes of the breaker is told there.
    pub(crate) fn note(&mut self, notes: Option<Notes>) {
        self.notes = notes;
    }

    /// Notes that the answer has begun, and what its head says of the call's outcome.
    pub(crate) fn answered(&mut self, head: Option<Outcome>) {
        if head == Some(Outcome::Unsaid) {
            return self.lapse();
        }
        self.answered = true;
        let slow = self.gate.0.circuit.settings().slow;
        if slow.is_some_and(|slow| self.since.elapsed() >= slow) {
            self.finish(Outcome::Bad);
        } else if let Some(outcome) = head {
            self.finish(outcome);
        }
    }

    /// Notes a message of the answer: a probe need not wait for the end of a stream that may never come.
    pub(crate) fn heard(&mut self) {
        if matches!(self.permit, Some(Permit::Probe(_))) {
            self.finish(Outcome::Good);
        }
    }

    /// Notes what came of the call; only the first time counts.
    pub(crate) fn finish(&mut self, outcome: Outcome) {
        if outcome == Outcome::Unsaid {
            return self.lapse();
        }
        let Some(permit) = self.permit.take() else {
            return;
        };
        let at = match (permit, outcome) {
            // When exactly a call went well matters to nobody: that spares the clock.
            (Permit::Regular(_), Outcome::Good) => self.since,
            _ => Instant::now(),
        };
        let breaker = &self.gate.0;
        if let Some(change) = breaker.finish(permit, outcome, at)
            && let Some(notes) = &self.notes
        {
            notes.event(
                change.event(),
                vec![KeyValue::new(ENDPOINT_ID, breaker.id.to_string())],
            );
        }
    }

    /// Ends a call that says nothing about the instance.
    pub(crate) fn give_back(mut self) {
        self.forget();
    }

    /// Ends a call whose outcome nobody says.
    fn lapse(&mut self) {
        if self.permit.is_none() {
            return;
        }
        if self.is_overdue() {
            self.finish(Outcome::Bad);
        } else {
            self.forget();
        }
    }

    /// Whether it is a failure that there is no answer by now, were the call to be dropped.
    pub(crate) fn is_overdue(&self) -> bool {
        let overdue = self.gate.0.circuit.settings().overdue;
        let overdue = overdue.filter(|_| OVERTAKEN.get());
        let bound = self.timeout.into_iter().chain(overdue).min();
        !self.answered && bound.is_some_and(|after| self.since.elapsed() >= after)
    }

    fn forget(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.gate.0.circuit.give_back(permit);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.lapse();
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("id", &self.id)
            .field("phase", &self.circuit.phase())
            .field("exempt", &self.is_exempt())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("gate", &self.gate)
            .field("permit", &self.permit)
            .finish_non_exhaustive()
    }
}
