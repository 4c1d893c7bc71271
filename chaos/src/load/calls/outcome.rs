//! What became of calls.

use std::time::Duration;

use crate::figures::{End, Phase, Sample};

/// How a call ended.
#[derive(Clone, Debug)]
pub(super) enum Answered {
    /// With what was asked for.
    Good,
    /// With the word that there is too much to do.
    Refused,
    /// Not in time.
    Late,
    /// With something else.
    Other(String),
}

/// What became of calls.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    phase: Phase,
    pub(crate) samples: Vec<Sample>,
    /// When those calls were due that came to nothing in time, after it began.
    pub(crate) late: Vec<Duration>,
    /// What else was answered.
    pub(crate) others: Vec<String>,
    wall: Duration,
}

impl Outcome {
    pub(super) fn new(phase: Phase) -> Self {
        Self {
            phase,
            samples: Vec::new(),
            late: Vec::new(),
            others: Vec::new(),
            wall: Duration::ZERO,
        }
    }

    pub(super) fn all(phase: Phase, parts: Vec<Self>, wall: Duration) -> Self {
        let mut all = Self {
            wall,
            ..Self::new(phase)
        };
        for part in parts {
            all.samples.extend(part.samples);
            all.late.extend(part.late);
            all.others.extend(part.others);
        }
        all
    }

    pub(super) fn add(&mut self, due: Duration, took: Duration, answered: Answered) {
        let end = match answered {
            Answered::Good => End::Good,
            Answered::Refused => End::Lesser,
            Answered::Late => {
                self.late.push(due);
                End::Failed
            }
            Answered::Other(said) => {
                self.others.push(said);
                End::Failed
            }
        };
        self.samples.push(Sample {
            due,
            phase: self.phase,
            lenient: false,
            took,
            end,
        });
    }

    /// Good answers a second.
    pub(crate) fn goodput(&self) -> f64 {
        self.good().len() as f64 / self.wall.as_secs_f64()
    }

    /// How long good answers took, from when the calls were due, sorted.
    pub(crate) fn good(&self) -> Vec<Duration> {
        self.took(End::Good)
    }

    /// How long it took to be told that there is too much to do, sorted.
    pub(crate) fn refused(&self) -> Vec<Duration> {
        self.took(End::Lesser)
    }

    fn took(&self, end: End) -> Vec<Duration> {
        let samples = self.samples.iter().filter(|sample| sample.end == end);
        let mut took: Vec<_> = samples.map(|sample| sample.took).collect();
        took.sort_unstable();
        took
    }
}
