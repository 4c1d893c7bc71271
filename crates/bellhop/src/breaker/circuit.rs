//! The policy of a breaker: when it opens, for how long, and what a probe decides. It takes the time as an argument.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Outcome, Settings,
    state::{Admission, Generation, Millis, Phase, State},
    window::Window,
};

/// How an instance came to be out of turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trouble {
    /// How often in a row its breaker has opened.
    pub(crate) openings: u64,
    /// Failures of a hundred calls when it opened first.
    pub(crate) rate: u64,
    /// When that was, in milliseconds of the breaker's time.
    pub(crate) since: u64,
    /// Whether it opened last because there was too much to do.
    pub(crate) overloaded: bool,
}

/// What a call has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The breaker has opened.
    Opened,
    /// The probe failed, and it is open for a longer while.
    Reopened,
    /// The probe went well.
    Closed,
}

impl Change {
    /// What the span of the call that changed it says.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Opened => "bellhop.breaker.opened",
            Self::Reopened => "bellhop.breaker.reopened",
            Self::Closed => "bellhop.breaker.closed",
        }
    }
}

/// The right to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    Regular(Generation),
    Probe(Generation),
}

/// A breaker without its surroundings.
#[derive(Debug)]
pub(super) struct Circuit {
    settings: Settings,
    /// Where its time begins.
    origin: Instant,
    state: State,
    window: Window,
    // The rest is written by whoever has just changed the phase, and read when the next change is due.
    openings: AtomicU64,
    opened_at: AtomicU64,
    opened_rate: AtomicU64,
    overloaded: AtomicBool,
    closed_at: AtomicU64,
}

impl Circuit {
    pub(super) fn new(settings: Settings, origin: Instant) -> Self {
        Self {
            settings,
            origin,
            state: State::new(),
            window: Window::new(settings.window),
            openings: AtomicU64::new(0),
            opened_at: AtomicU64::new(0),
            opened_rate: AtomicU64::new(0),
            overloaded: AtomicBool::new(false),
            closed_at: AtomicU64::new(0),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.phase()
    }

    /// What is wrong; `None` while it is closed.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        if matches!(self.phase(), Phase::Closed { .. }) {
            return None;
        }
        Some(Trouble {
            openings: self.openings.load(Ordering::Acquire),
            rate: self.opened_rate.load(Ordering::Relaxed),
            since: self.opened_at.load(Ordering::Relaxed),
            overloaded: self.overloaded.load(Ordering::Relaxed),
        })
    }

    pub(super) fn admits(&self, now: Instant) -> bool {
        self.state.admits(self.millis(now))
    }

    pub(super) fn admit(&self, now: Instant) -> Option<Permit> {
        let now = self.millis(now);
        // A call may last for ever and its probe with it. Others must not wait for that.
        let lost = now.saturating_add(self.settings.open_max.as_millis() as Millis);
        match self.state.admit(now, lost) {
            Admission::Regular(generation) => Some(Permit::Regular(generation)),
            Admission::Probe(generation) => Some(Permit::Probe(generation)),
            Admission::Refused => None,
        }
    }

    /// Notes what came of a call, given a random number in `0.0..1.0`.
    pub(super) fn finish(
        &self,
        permit: Permit,
        outcome: Outcome,
        now: Instant,
        random: f64,
    ) -> Option<Change> {
        let now = self.millis(now);
        match (permit, outcome) {
            (Permit::Regular(generation), Outcome::Good) => {
                if self.state.is_in(generation) {
                    self.window.record(now, false);
                    self.state.succeeded(generation);
                }
                None
            }
            (Permit::Probe(probe), Outcome::Good) => self.close(probe, now),
            (permit, Outcome::Unsaid) => {
                self.give_back(permit);
                None
            }
            (permit, Outcome::Bad | Outcome::Overloaded) => {
                let change = match permit {
                    Permit::Regular(generation) => self.failed(generation, now, random),
                    Permit::Probe(probe) => self.reopen(probe, now, random),
                }?;
                let overloaded = outcome == Outcome::Overloaded;
                self.overloaded.store(overloaded, Ordering::Relaxed);
                Some(change)
            }
        }
    }

    /// Gives a permit back that nothing came of.
    pub(super) fn give_back(&self, permit: Permit) {
        if let Permit::Probe(probe) = permit {
            self.state.settle(probe, Phase::Open { until: 0 });
        }
    }

    /// Sends the next probe at once: there is a new connection.
    pub(super) fn hurry(&self) {
        self.state.hurry();
    }

    fn failed(&self, generation: Generation, now: Millis, random: f64) -> Option<Change> {
        if !self.state.is_in(generation) {
            return None;
        }
        self.window.record(now, true);
        let counts = self.window.counts(now);
        let openings = self.openings_before(now) + 1;
        let until = now + self.period(openings, random);
        let in_a_row = u64::from(self.settings.failures);
        let too_many = counts.calls >= u64::from(self.settings.min_calls)
            && counts.percent() >= u64::from(self.settings.rate);
        let opened = self.state.failed(generation, in_a_row, until)
            || too_many && self.state.trip(generation, until);
        opened.then(|| {
            self.opened_at.store(now, Ordering::Relaxed);
            self.opened_rate.store(counts.percent(), Ordering::Relaxed);
            self.openings.store(openings, Ordering::Release);
            Change::Opened
        })
    }

    fn reopen(&self, probe: Generation, now: Millis, random: f64) -> Option<Change> {
        let openings = self.openings.load(Ordering::Acquire) + 1;
        let until = now + self.period(openings, random);
        self.state.settle(probe, Phase::Open { until }).then(|| {
            self.openings.store(openings, Ordering::Release);
            Change::Reopened
        })
    }

    fn close(&self, probe: Generation, now: Millis) -> Option<Change> {
        if !self.state.is_in(probe) {
            return None;
        }
        // Before calls pass: theirs are the first to count.
        self.window.clear();
        self.closed_at.store(now, Ordering::Relaxed);
        self.state
            .settle(probe, Phase::Closed { failures: 0 })
            .then_some(Change::Closed)
    }

    /// Openings in a row so far; a while without any makes them forgotten.
    fn openings_before(&self, now: Millis) -> u64 {
        let closed_for = now.saturating_sub(self.closed_at.load(Ordering::Relaxed));
        if closed_for >= self.settings.open_max.as_millis() as Millis {
            return 0;
        }
        self.openings.load(Ordering::Acquire)
    }

    /// How long it stays open, the shortest period doubled each time. Up to half of it is added, so that who has opened
    /// together does not probe together.
    fn period(&self, openings: u64, random: f64) -> Millis {
        let Settings {
            open_min, open_max, ..
        } = self.settings;
        let doublings = openings.saturating_sub(1).min(31) as u32;
        let base = open_min
            .saturating_mul(1 << doublings)
            .min(open_max * 2 / 3)
            .max(open_min);
        let jittered = base.saturating_add((base / 2).mul_f64(random.clamp(0.0, 1.0)));
        jittered.min(open_max).as_millis().max(1) as Millis
    }

    fn millis(&self, now: Instant) -> Millis {
        let since: Duration = now.saturating_duration_since(self.origin);
        since.as_millis() as Millis
    }
}
