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
    /// Calls in flight at its start.
    before: usize,
    pub(super) refused: usize,
    finished: usize,
    /// Of the finished, those with an answer that somebody still waited for.
    answered: usize,
    /// The most that were in flight.
    pub(super) peak: usize,
    /// The fewest that were.
    pub(super) least: usize,
    /// Of the calls that were answered or given up, the shortest. A burst makes some calls wait, a standing queue all of them.
    pub(super) latency: Option<Duration>,
    /// The shortest that was measured.
    lag: Option<Duration>,
    lags: usize,
    /// The lag of the window before.
    lag_before: Option<Duration>,
    /// The time of all that finished, together.
    total: Duration,
}

impl Window {
    /// One that begins with so many calls in flight.
    pub(super) fn new(start: Instant, in_flight: usize) -> Self {
        Self {
            start,
            before: in_flight,
            refused: 0,
            finished: 0,
            answered: 0,
            peak: in_flight,
            least: in_flight,
            latency: None,
            lag: None,
            lags: 0,
            lag_before: None,
            total: Duration::ZERO,
        }
    }

    /// The one after it.
    pub(super) fn next(&self, start: Instant, in_flight: usize) -> Self {
        Self {
            lag_before: self.lag(),
            ..Self::new(start, in_flight)
        }
    }

    pub(super) fn finish(&mut self, latency: Duration, answered: bool) {
        self.finished += 1;
        self.total += latency;
        self.answered += usize::from(answered);
        self.latency = Some(self.latency.map_or(latency, |least| least.min(latency)));
    }

    /// A call is over, however it was: what it waited for is not known.
    pub(super) fn pass(&mut self, took: Duration) {
        self.finished += 1;
        self.answered += 1;
        self.total += took;
    }

    pub(super) fn lagged(&mut self, lag: Duration) {
        self.lags += 1;
        self.lag = Some(self.lag.map_or(lag, |least| least.min(lag)));
    }

    /// The lag that never went away. One measurement alone may be an accident, unless it took as long as a window. Without any
    /// one is still under way, behind as much as the one before.
    pub(super) fn lag(&self) -> Option<Duration> {
        let (lag, accident) = match self.lags {
            0 => (self.lag_before, true),
            lags => (self.lag, lags == 1),
        };
        lag.filter(|lag| !accident || *lag >= LENGTH)
    }

    /// Whether the lag was measured at all.
    pub(super) fn has_lag(&self) -> bool {
        self.lags > 0
    }

    /// Whether nobody was refused, and hardly anybody came to those who are served: with so many in flight at its end.
    pub(super) fn drains(&self, in_flight: usize) -> bool {
        let came = (in_flight + self.finished).saturating_sub(self.before);
        self.refused == 0 && 2 * came <= self.finished
    }

    /// How long calls took on average, in seconds.
    pub(super) fn mean(&self) -> f64 {
        self.total.as_secs_f64() / self.finished.max(1) as f64
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

    /// Whether it says something; in a hurry half as much will do.
    pub(super) fn is_over(&self, now: Instant, in_a_hurry: bool) -> bool {
        let passed = now.saturating_duration_since(self.start);
        let part = if in_a_hurry { 2 } else { 1 };
        passed >= LONGEST || part * passed >= LENGTH && part as usize * self.finished >= ENOUGH
    }
}
