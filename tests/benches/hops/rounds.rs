//! Rounds in turns, and what they come to.

use std::time::Duration;

use crate::{
    Failure,
    args::Pace,
    median::{median, middle_half},
    steady::{Late, Steady},
};

/// Half of the ratios of a row farther apart than this, as a share of their median, and the row is not to be trusted.
const APART_MAX: f64 = 0.1;
/// The share of what a side can do that a steady load asks of it.
const LOAD: f64 = 0.7;

/// Something that can be put to work for a while, beside others.
pub(crate) trait Side {
    /// As the table calls it.
    fn name(&self) -> &str;

    /// Does as much as it can for so long.
    fn round(&mut self, time: Duration) -> Result<Round, Failure>;

    /// Does what it is asked to for so long.
    fn steady(&mut self, steady: Steady) -> Result<Late, Failure>;

    /// What its processes have in memory, in MiB.
    fn resident(&self) -> Result<f64, Failure>;
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
    /// At a share of what this side can do.
    late: Vec<Late>,
    /// At that share of what the slowest side can do, the same load for all.
    late_alike: Vec<Late>,
    /// After all of it, in MiB.
    pub(crate) resident: f64,
}

/// What something costs as a share of something else, round by round: those of a turn have met the same machine.
pub(crate) struct Share {
    pub(crate) median: f64,
    /// Between these two are half of the rounds.
    pub(crate) half: (f64, f64),
}

/// Has all sides work in turns: A B C, A B C, and so on, first with all their might, then at a part of it, and then all at that part of
/// what the slowest can do. A round each to begin with warms up and does not count.
pub(crate) fn in_turns(pace: Pace, mut sides: Vec<Box<dyn Side>>) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<Row> = sides.iter().map(|side| Row::new(side.name())).collect();
    for round in 0..=pace.rounds {
        each(&mut sides, &mut rows, |side, row| {
            let done = side.round(pace.time)?;
            if round > 0 {
                row.rounds.push(done);
            }
            Ok(())
        })?;
    }
    for _ in 0..pace.rounds {
        each(&mut sides, &mut rows, |side, row| {
            let rate = LOAD * row.rate();
            let time = pace.time;
            row.late.push(side.steady(Steady { rate, time })?);
            Ok(())
        })?;
    }
    let slowest = rows.iter().map(Row::rate).fold(f64::INFINITY, f64::min);
    let alike = Steady {
        rate: LOAD * slowest,
        time: pace.time,
    };
    for _ in 0..pace.rounds {
        each(&mut sides, &mut rows, |side, row| {
            row.late_alike.push(side.steady(alike)?);
            Ok(())
        })?;
    }
    each(&mut sides, &mut rows, |side, row| {
        row.resident = side.resident()?;
        Ok(())
    })?;
    Ok(rows)
}

fn each(
    sides: &mut [Box<dyn Side>],
    rows: &mut [Row],
    mut work: impl FnMut(&mut dyn Side, &mut Row) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for (side, row) in sides.iter_mut().zip(rows) {
        work(&mut **side, row).map_err(|error| format!("{}: {error}", row.name))?;
    }
    Ok(())
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

    /// Calls in a second.
    fn rate(&self) -> f64 {
        self.calls as f64 / self.wall.as_secs_f64()
    }
}

impl Row {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rounds: Vec::new(),
            late: Vec::new(),
            late_alike: Vec::new(),
            resident: 0.0,
        }
    }

    /// CPU microseconds for each call: the median of the rounds.
    pub(crate) fn cost(&self) -> f64 {
        median(self.rounds.iter().map(Round::cost))
    }

    /// The same as a share of another's.
    pub(crate) fn cost_to(&self, base: &Self) -> Share {
        let pairs = self.rounds.iter().zip(&base.rounds);
        let shares = pairs.map(|(own, other)| own.cost() / other.cost());
        Share {
            median: median(shares.clone()),
            half: middle_half(shares),
        }
    }

    /// What each part of the side has in [`Self::cost`].
    pub(crate) fn costs(&self) -> Vec<f64> {
        let parts = self.rounds.first().map_or(0, |round| round.cpu.len());
        let part = |part| move |round: &Round| micros(round.cpu[part]) / round.calls as f64;
        (0..parts)
            .map(|number| median(self.rounds.iter().map(part(number))))
            .collect()
    }

    /// Calls in a second: the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        median(self.rounds.iter().map(Round::rate))
    }

    /// The same as a multiple of another's, round by round.
    pub(crate) fn rate_to(&self, base: &Self) -> f64 {
        let pairs = self.rounds.iter().zip(&base.rounds);
        median(pairs.map(|(own, other)| own.rate() / other.rate()))
    }

    /// How late answers were under a load of its own, each figure the median of the rounds.
    pub(crate) fn late(&self) -> Late {
        middle(&self.late)
    }

    /// How late they were under the load that is the same for all.
    pub(crate) fn late_alike(&self) -> Late {
        middle(&self.late_alike)
    }
}

fn middle(rounds: &[Late]) -> Late {
    let median = |figure: fn(&Late) -> f64| median(rounds.iter().map(figure));
    Late {
        p50: median(|late| late.p50),
        p99: median(|late| late.p99),
        p99_9: median(|late| late.p99_9),
    }
}

impl Share {
    /// Whether the rounds disagree too much.
    pub(crate) fn is_noisy(&self) -> bool {
        let (least, most) = self.half;
        most - least > APART_MAX * self.median
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
