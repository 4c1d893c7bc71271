//! The state core: one word, changed by compare-and-swap and by nothing else.
//!
//! Each change of phase begins a generation. What belongs to an earlier one finds another number in the word and changes
//! nothing. The module is compiled a second time over loom's atomics, see `tests/interleavings.rs`.

use super::atomic::{AtomicU64, Ordering};

/// Milliseconds since the breaker was made.
pub(super) type Millis = u64;

const PHASE_BITS: u32 = 2;
/// Of a count of failures, or of milliseconds: nine years of them.
const VALUE_BITS: u32 = 38;
const MAX_VALUE: u64 = (1 << VALUE_BITS) - 1;

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const HALF_OPEN: u64 = 2;

/// Where a breaker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Calls pass; so many of the last ones failed in a row.
    Closed { failures: u64 },
    /// No call passes before this time.
    Open { until: Millis },
    /// One probe is on its way; it counts as lost from this time on.
    HalfOpen { until: Millis },
}

/// Which stretch of one phase a call was let through in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation(u64);

impl Generation {
    /// That of a new breaker.
    pub(super) const FIRST: Self = Self(0);
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Regular(Generation),
    /// The only call of its generation.
    Probe(Generation),
    Refused,
}

/// The word.
#[derive(Debug)]
pub(super) struct State(AtomicU64);

#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn new(phase: Phase, generation: u64) -> Self {
        let (tag, value) = match phase {
            Phase::Closed { failures } => (CLOSED, failures),
            Phase::Open { until } => (OPEN, until),
            Phase::HalfOpen { until } => (HALF_OPEN, until),
        };
        let value = value.min(MAX_VALUE);
        Self(generation << (PHASE_BITS + VALUE_BITS) | value << PHASE_BITS | tag)
    }

    fn phase(self) -> Phase {
        let value = self.0 >> PHASE_BITS & MAX_VALUE;
        match self.0 & ((1 << PHASE_BITS) - 1) {
            CLOSED => Phase::Closed { failures: value },
            OPEN => Phase::Open { until: value },
            _ => Phase::HalfOpen { until: value },
        }
    }

    fn generation(self) -> Generation {
        Generation(self.0 >> (PHASE_BITS + VALUE_BITS))
    }
}

impl State {
    /// Closed, without failures.
    pub(super) fn new() -> Self {
        let closed = Phase::Closed { failures: 0 };
        Self(AtomicU64::new(Word::new(closed, Generation::FIRST.0).0))
    }

    pub(super) fn phase(&self) -> Phase {
        self.load().phase()
    }

    /// Whether a call of this generation still counts.
    pub(super) fn is_in(&self, generation: Generation) -> bool {
        self.load().generation() == generation
    }

    /// Whether a call would be let through.
    pub(super) fn admits(&self, now: Millis) -> bool {
        match self.phase() {
            Phase::Closed { .. } => true,
            Phase::Open { until } | Phase::HalfOpen { until } => until <= now,
        }
    }

    /// Lets a call through or does not; a probe that goes out counts as lost from `lost` on.
    pub(super) fn admit(&self, now: Millis, lost: Millis) -> Admission {
        loop {
            let word = self.load();
            match word.phase() {
                Phase::Closed { .. } => return Admission::Regular(word.generation()),
                Phase::Open { until } | Phase::HalfOpen { until } if until > now => {
                    return Admission::Refused;
                }
                _ => {
                    if let Some(generation) = self.turn(word, Phase::HalfOpen { until: lost }) {
                        return Admission::Probe(generation);
                    }
                }
            }
        }
    }

    /// Notes that a call of a closed breaker went well.
    pub(super) fn succeeded(&self, generation: Generation) {
        self.while_closed(generation, |word, failures| {
            (failures == 0)
                .then_some(())
                .or_else(|| self.count(word, 0))
        });
    }

    /// Notes that a call of a closed breaker failed. Opens it at `limit` failures in a row, and says whether this one did it.
    pub(super) fn failed(&self, generation: Generation, limit: u64, until: Millis) -> bool {
        let opened = self.while_closed(generation, |word, failures| {
            if failures + 1 < limit {
                self.count(word, failures + 1).map(|()| false)
            } else {
                self.turn(word, Phase::Open { until }).map(|_| true)
            }
        });
        opened.unwrap_or(false)
    }

    /// Opens a closed breaker; whether it was this call that did.
    pub(super) fn trip(&self, generation: Generation, until: Millis) -> bool {
        self.while_closed(generation, |word, _| self.turn(word, Phase::Open { until }))
            .is_some()
    }

    /// Ends a probe: `next` is what comes of it. Whether the probe was still the one that counts.
    pub(super) fn settle(&self, probe: Generation, next: Phase) -> bool {
        let word = self.load();
        // Nobody else ends a probe except who takes it for lost, so that one attempt decides.
        word.generation() == probe && self.turn(word, next).is_some()
    }

    /// Lets an open breaker send its probe at once.
    pub(super) fn hurry(&self) {
        let word = self.load();
        if matches!(word.phase(), Phase::Open { .. }) {
            // Who comes in between has let a probe through.
            let _ = self.turn(word, Phase::Open { until: 0 });
        }
    }

    /// Goes on for as long as the breaker is closed in this generation and `change` loses its race.
    fn while_closed<T>(
        &self,
        generation: Generation,
        change: impl Fn(Word, u64) -> Option<T>,
    ) -> Option<T> {
        loop {
            let word = self.load();
            match word.phase() {
                Phase::Closed { failures } if word.generation() == generation => {
                    if let Some(done) = change(word, failures) {
                        return Some(done);
                    }
                }
                _ => return None,
            }
        }
    }

    /// Counts failures in a row, within the generation.
    fn count(&self, seen: Word, failures: u64) -> Option<()> {
        let next = Word::new(Phase::Closed { failures }, seen.generation().0);
        self.swap(seen, next)
    }

    /// Begins a generation; nothing happens where somebody was faster.
    fn turn(&self, seen: Word, phase: Phase) -> Option<Generation> {
        let next = Word::new(phase, seen.generation().0.wrapping_add(1));
        self.swap(seen, next).map(|()| next.generation())
    }

    fn swap(&self, seen: Word, next: Word) -> Option<()> {
        self.0
            .compare_exchange(seen.0, next.0, Ordering::AcqRel, Ordering::Relaxed)
            .ok()
            .map(drop)
    }

    fn load(&self) -> Word {
        // The word is all that there is to agree on.
        Word(self.0.load(Ordering::Relaxed))
    }
}
