//! Rounds in turns, and what they come to.

use std::time::Duration;

use crate::{Failure, args::Pace};

/// More of it between the rounds of one row, and the row is not to be trusted.
const SPREAD_MAX: f64 = 0.15;

/// Something that can be put to work for a while, beside others.
pub(crate) trait Side {
    /// As the table calls it.
    fn name(&self) -> &str;

    /// Works for so long.
    fn round(&mut self, time: Duration) -> Result<Round, Failure>;
}

/// What a while of work came to.
pub(crate) struct Round {
    /// Calls or requests, each of whose answers was right.
    calls: u64,
    /// How long they took, all together.
    wall: Duration,
    /// CPU time of each part of the side.
    cpu: Vec<Duration>,
}

/// All rounds of a side.
pub(crate) struct Row {
    pub(crate) name: String,
    rounds: Vec<Round>,
}

/// Has all sides work in turns: A B C, A B C, and so on. A round each to begin with warms up and does not count.
pub(crate) fn in_turns(pace: Pace, mut sides: Vec<Box<dyn Side>>) -> Result<Vec<Row>, Failure> {
    let rows = sides.iter().map(|side| Row {
        name: side.name().to_owned(),
        rounds: Vec::with_capacity(pace.rounds),
    });
    let mut rows: Vec<Row> = rows.collect();
    for round in 0..=pace.rounds {
        for (side, row) in sides.iter_mut().zip(&mut rows) {
            let done = side
                .round(pace.time)
                .map_err(|error| format!("{}: {error}", row.name))?;
            if round > 0 {
                row.rounds.push(done);
            }
        }
    }
    Ok(rows)
}

impl Round {
    /// From the CPU times of the side's parts before and after it.
    pub(crate) fn new(calls: u64, wall: Duration, before: &[Duration], after: &[Duration]) -> Self {
        let cpu = after.iter().zip(before);
        Self {
            calls,
            wall,
            cpu: cpu
                .map(|(after, before)| after.saturating_sub(*before))
                .collect(),
        }
    }

    /// CPU microseconds for each call, of all parts together.
    fn cost(&self) -> f64 {
        micros(self.cpu.iter().sum()) / self.calls as f64
    }
}

impl Row {
    /// CPU microseconds for each call: the median of the rounds.
    pub(crate) fn cost(&self) -> f64 {
        self.median(Round::cost)
    }

    /// The same as a share of another's. Round by round, since those of a turn have met the same machine.
    pub(crate) fn cost_to(&self, base: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&base.rounds);
        median(pairs.map(|(own, other)| own.cost() / other.cost()))
    }

    /// What each part of the side has in [`Self::cost`].
    pub(crate) fn costs(&self) -> Vec<f64> {
        let parts = self.rounds.first().map_or(0, |round| round.cpu.len());
        let cost = |part: usize| self.median(|round| micros(round.cpu[part]) / round.calls as f64);
        (0..parts).map(cost).collect()
    }

    /// Calls in a second: the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        self.median(|round| round.calls as f64 / round.wall.as_secs_f64())
    }

    /// How far apart the dearest and the cheapest round are, as a share of the median.
    pub(crate) fn spread(&self) -> f64 {
        let costs = || self.rounds.iter().map(Round::cost);
        (costs().fold(f64::MIN, f64::max) - costs().fold(f64::MAX, f64::min)) / self.cost()
    }

    /// Whether its rounds disagree too much.
    pub(crate) fn is_noisy(&self) -> bool {
        self.spread() > SPREAD_MAX
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(figure))
    }
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
