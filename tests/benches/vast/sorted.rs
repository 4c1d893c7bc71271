//! Times in order.

use std::time::Duration;

/// Times from the shortest to the longest.
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The one below which so many of a thousand are, in microseconds.
    pub(crate) fn micros(&self, of_1000: usize) -> f64 {
        let at = self.0.len() * of_1000 / 1000;
        let time = self.0.get(at).or(self.0.last());
        time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }
}
