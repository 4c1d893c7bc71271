//! What a load comes to.

use std::time::Duration;

/// When a request was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before anything breaks.
    Before,
    /// While something is broken.
    During,
    /// After all is healed.
    After,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As it should.
    Good,
    /// With less than a whole answer, and rightly so: somebody is missing without whom there is no more.
    Lesser,
    /// Answered, but not with what it should be: half an answer counts here.
    Wrong,
    /// Not answered, or with a failure.
    Failed,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// When it was due, after the load began.
    pub(crate) due: Duration,
    pub(crate) phase: Phase,
    /// Whether somebody was missing, so that no better answer could be hoped for.
    pub(crate) lenient: bool,
    /// From when it was due to the end of its answer.
    pub(crate) took: Duration,
    pub(crate) end: End,
}

/// What a load came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) requests: usize,
    pub(crate) failed: usize,
    pub(crate) wrong: usize,
    /// Those that rightly were answered with less than a whole answer, and how long that took, sorted.
    pub(crate) lesser: Vec<Duration>,
    /// Those that a balancer before the frontends had to send to another one.
    pub(crate) resent: usize,
    pub(crate) before: Times,
    pub(crate) during: Times,
    pub(crate) after: Times,
    /// The longest time from a change until requests were answered as well as before; zero where they always were.
    pub(crate) recovery: Option<Duration>,
    /// The first few of the bad answers, in words.
    pub(crate) examples: Vec<String>,
}

/// How long requests took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Recovery is looked for in steps of this.
const WINDOW: Duration = Duration::from_millis(100);
/// A window is as well as before when its slowest request took at most so much of the p99 before...
const SLOWER: u32 = 4;
/// ... and this: below it nobody can tell.
const NOTICEABLE: Duration = Duration::from_millis(25);

impl Figures {
    /// Of all requests of a load; `changes` is when something broke or was healed, in order.
    pub(crate) fn new(samples: &[Sample], changes: &[Duration]) -> Self {
        let count = |end| samples.iter().filter(|sample| sample.end == end).count();
        let before = Times::of(samples, Phase::Before);
        let lesser = samples.iter().filter(|sample| sample.end == End::Lesser);
        let mut lesser: Vec<_> = lesser.map(|sample| sample.took).collect();
        lesser.sort_unstable();
        Self {
            requests: samples.len(),
            failed: count(End::Failed),
            wrong: count(End::Wrong),
            lesser,
            resent: 0,
            before,
            during: Times::of(samples, Phase::During),
            after: Times::of(samples, Phase::After),
            recovery: recovery(samples, changes, before.p99),
            examples: Vec::new(),
        }
    }
}

impl Times {
    fn of(samples: &[Sample], phase: Phase) -> Self {
        let of_phase = samples.iter().filter(|sample| sample.phase == phase);
        let mut took: Vec<Duration> = of_phase.map(|sample| sample.took).collect();
        took.sort_unstable();
        Self {
            p50: percentile(&took, 50),
            p99: percentile(&took, 99),
        }
    }
}

/// The smallest of sorted times that so many percent do not exceed; zero where there are none.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    let index = rank.saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

/// The longest time from a change to the end of the last window that was not well before the next; `None` without a change.
fn recovery(samples: &[Sample], changes: &[Duration], usual: Duration) -> Option<Duration> {
    let bound = (usual * SLOWER).max(NOTICEABLE);
    let unwell = |sample: &&Sample| match sample.end {
        End::Good => sample.took > bound && !sample.lenient,
        End::Lesser => !sample.lenient,
        End::Wrong | End::Failed => true,
    };
    let after_change = |sample: &Sample| {
        let next = changes.partition_point(|change| *change <= sample.due);
        let change = changes.get(next.checked_sub(1)?)?;
        Some(sample.due - *change)
    };
    changes.first()?;
    let longest = samples.iter().filter(unwell).filter_map(after_change).max();
    Some(longest.map_or(Duration::ZERO, |last| {
        let windows = last.as_millis() / WINDOW.as_millis() + 1;
        WINDOW * u32::try_from(windows).unwrap_or(u32::MAX)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(due: u64, phase: Phase, took: u64, end: End) -> Sample {
        Sample {
            due: Duration::from_millis(due),
            phase,
            lenient: false,
            took: Duration::from_millis(took),
            end,
        }
    }

    #[test]
    fn percentiles_are_of_those_that_there_are() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn less_than_a_whole_answer_is_as_well_as_can_be_until_all_is_healed() {
        use End::{Good, Lesser};
        use Phase::{After, Before, During};
        let lenient = |due, took, end| Sample {
            lenient: true,
            ..sample(due, During, took, end)
        };
        let mut samples = vec![
            sample(0, Before, 2, Good),
            lenient(1900, 90, Lesser),
            lenient(2000, 10, Lesser),
            lenient(2400, 900, Good),
        ];
        let changes = [1000, 2500].map(Duration::from_millis);
        let figures = Figures::new(&samples, &changes);
        assert_eq!(figures.recovery, Some(Duration::ZERO));
        assert_eq!((figures.failed, figures.wrong), (0, 0));
        assert_eq!(figures.lesser, [10, 90].map(Duration::from_millis));
        samples.push(sample(2610, After, 2, Lesser));
        let figures = Figures::new(&samples, &changes);
        assert_eq!(figures.recovery, Some(Duration::from_millis(200)));
    }

    #[test]
    fn recovery_ends_with_the_last_bad_window_of_a_change() {
        use End::{Failed, Good};
        use Phase::{After, Before, During};
        let changes = [1000, 2500].map(Duration::from_millis);
        let well = [sample(0, Before, 2, Good), sample(1000, During, 3, Good)];
        let recovery = |samples: &[Sample]| Figures::new(samples, &changes).recovery;
        assert_eq!(recovery(&well), Some(Duration::ZERO));
        assert_eq!(Figures::new(&well, &[]).recovery, None);

        let mut bad = well.to_vec();
        bad.push(sample(1250, During, 900, Good));
        assert_eq!(recovery(&bad), Some(Duration::from_millis(300)));
        bad.push(sample(3010, After, 1, Failed));
        assert_eq!(recovery(&bad), Some(Duration::from_millis(600)));
        bad.push(sample(500, Before, 1, Failed));
        assert_eq!(recovery(&bad), Some(Duration::from_millis(600)));
        let figures = Figures::new(&bad, &changes);
        assert_eq!((figures.requests, figures.failed, figures.wrong), (5, 2, 0));
    }
}
