//! What happened within a short time.

use std::time::Duration;

use tokio::time::Instant;

/// As long as a burst may take to drain.
const LENGTH: Duration = Duration::from_millis(100);
/// Where hardly anybody comes a window is longer, so that it says something.
const ENOUGH: usize = 20;
const LONGEST: Duration = Duration::from_secs(1);

/// What happened within a short time.
#[derive(Clone, Debug)]
pub(super) struct Window {
    start: Instant,
    pub(super) refused: usize,
    finished: usize,
    /// Of the finished, those with an answer that somebody still waited for.
    answered: usize,
    /// The most that were in flight.
    pub(super) peak: usize,
    /// Of the calls that were answered or given up, the shortest. A burst makes some calls wait, a standing queue all of them.
    pub(super) latency: Option<Duration>,
    /// The shortest that was measured.
    lag: Option<Duration>,
    lags: usize,
}

impl Window {
    pub(super) fn new(start: Instant) -> Self {
        Self {
            start,
            refused: 0,
            finished: 0,
            answered: 0,
            peak: 0,
            latency: None,
            lag: None,
            lags: 0,
        }
    }

    pub(super) fn finish(&mut self, latency: Duration, answered: bool) {
        self.finished += 1;
        self.answered += usize::from(answered);
        self.latency = Some(self.latency.map_or(latency, |least| least.min(latency)));
    }

    /// A call is over, however it was: what it waited for is not known.
    pub(super) fn pass(&mut self) {
        self.finished += 1;
        self.answered += 1;
    }

    pub(super) fn lagged(&mut self, lag: Duration) {
        self.lags += 1;
        self.lag = Some(self.lag.map_or(lag, |least| least.min(lag)));
    }

    /// The lag that never went away; one measurement alone may be an accident.
    pub(super) fn lag(&self) -> Option<Duration> {
        self.lag.filter(|_| self.lags > 1)
    }

    /// Answers a second.
    pub(super) fn throughput(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.start);
        self.answered as f64 / passed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Whether most calls end with nobody waiting for them any more.
    pub(super) fn is_in_vain(&self) -> bool {
        self.finished >= ENOUGH && 2 * self.answered < self.finished
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.start);
        passed >= LONGEST || passed >= LENGTH && self.finished >= ENOUGH
    }
}
