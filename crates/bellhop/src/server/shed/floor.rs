//! The smallest value of late.

use std::time::Duration;

use tokio::time::Instant;

/// For how long at least a value counts; at most twice as long.
const MEMORY: Duration = Duration::from_secs(30);

/// The smallest value of late: of this half-minute and the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Floor {
    before: Option<Duration>,
    now: Option<Duration>,
    since: Option<Instant>,
}

impl Floor {
    pub(super) fn note(&mut self, now: Instant, value: Duration) {
        if self.since.is_none_or(|since| now >= since + MEMORY) {
            self.before = self.now.take();
            self.since = Some(now);
        }
        self.now = Some(self.now.map_or(value, |least| least.min(value)));
    }

    /// Forgets what it knows for a value that has turned out to be the smallest that there is.
    pub(super) fn set(&mut self, now: Instant, value: Duration) {
        *self = Self::default();
        self.note(now, value);
    }

    pub(super) fn get(&self) -> Option<Duration> {
        self.before.into_iter().chain(self.now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_smallest_is_forgotten_in_the_end() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut floor = Floor::default();
        assert_eq!(floor.get(), None);
        floor.note(start, ms(5));
        floor.note(start + MEMORY, ms(9));
        assert_eq!(floor.get(), Some(ms(5)));
        floor.note(start + 2 * MEMORY, ms(10));
        assert_eq!(floor.get(), Some(ms(9)));
        floor.set(start + 2 * MEMORY, ms(20));
        assert_eq!(floor.get(), Some(ms(20)));
    }
}
