//! What a limit is on its way to, while some are refused.

use tokio::time::Instant;

use super::GROWTH;

/// Some are refused.
#[derive(Debug)]
pub(super) struct Shedding {
    pub(super) cut: Option<Cut>,
    pub(super) strikes: u32,
    pub(super) calm: u32,
    /// Windows in a row that want a cut.
    pub(super) pressed: u32,
    /// Windows at the smallest limit.
    pub(super) at_least: u32,
    pub(super) growth: f64,
}

/// What the last cut should have changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Calls that began before are over by then.
    pub(super) seen_from: Instant,
    pub(super) pressure: f64,
    pub(super) throughput: f64,
    pub(super) factor: f64,
}

impl Default for Shedding {
    fn default() -> Self {
        Self {
            cut: None,
            strikes: 0,
            calm: 0,
            pressed: 0,
            at_least: 0,
            growth: GROWTH,
        }
    }
}

impl Cut {
    /// Whether it cost answers and did not make others faster. A queue that is shorter is served as fast as before; where as
    /// much less is served as is let in, there was none.
    pub(super) fn was_wrong(self, pressure: f64, throughput: f64) -> bool {
        let expected = (1.0 + self.factor) / 2.0;
        throughput < self.throughput * expected && pressure > (self.pressure * expected).max(1.0)
    }
}
