//! How long it takes until it is the turn of a call that is ready: the queue that all calls stand in.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use tokio::{task::yield_now, time::Instant};

use super::turns::Turns;

/// Between measurements. They are made only while calls come.
const EVERY: Duration = Duration::from_millis(5);

/// When to measure.
#[derive(Debug)]
pub(super) struct Lag {
    start: Instant,
    /// In microseconds from the start.
    next: AtomicU64,
    measuring: AtomicBool,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            next: AtomicU64::new(0),
            measuring: AtomicBool::new(false),
        }
    }
}

impl Lag {
    /// Whether it is time; then it is the caller who has to measure.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let micros = |duration: Duration| duration.as_micros() as u64;
        let now = micros(now.saturating_duration_since(self.start));
        if now < self.next.load(Ordering::Relaxed) || self.measuring.swap(true, Ordering::Relaxed) {
            return false;
        }
        self.next.store(now + micros(EVERY), Ordering::Relaxed);
        true
    }

    /// Steps back behind all that is ready, and all that stand where calls take turns, and says how long that took.
    pub(super) async fn measure(&self, turns: Option<&Turns>) -> Duration {
        let start = Instant::now();
        yield_now().await;
        if let Some(turns) = turns {
            turns.wait().await;
        }
        self.measuring.store(false, Ordering::Relaxed);
        start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_due_now_and_then_and_never_twice_at_once() {
        let lag = Lag::default();
        let start = Instant::now();
        assert!(lag.is_due(start));
        assert!(!lag.is_due(start + 10 * EVERY), "one is under way");
        lag.measure(None).await;
        assert!(!lag.is_due(start + EVERY / 2));
        assert!(lag.is_due(start + EVERY));
    }
}
