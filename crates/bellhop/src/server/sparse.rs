//! How often to say what happens over and over.

use std::time::Duration;

use tokio::time::Instant;

/// Counts what happens, and says how often it did at most once in a while.
#[derive(Debug)]
pub(super) struct Sparse {
    every: Duration,
    said: Option<Instant>,
    unsaid: u64,
}

impl Sparse {
    pub(super) fn new(every: Duration) -> Self {
        Self {
            every,
            said: None,
            unsaid: 0,
        }
    }

    /// It has happened. How often since the last time that was said, where it should be said now.
    pub(super) fn note(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        if self.said.is_some_and(|said| now < said + self.every) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_the_rest_together() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut sparse = Sparse::new(Duration::from_secs(10));
        assert_eq!(sparse.note(at(0)), Some(1));
        assert_eq!((sparse.note(at(1)), sparse.note(at(9))), (None, None));
        assert_eq!(sparse.note(at(10)), Some(3));
        assert_eq!(sparse.note(at(30)), Some(1));
    }
}
