//! What an instance was told, and what it has done.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};

/// What an instance was told, and what it has done.
#[derive(Debug, Default)]
pub(super) struct State {
    calls: AtomicU64,
    /// Calls since the share of refused ones was set.
    since: AtomicU64,
    refused_percent: AtomicU64,
    delay_millis: AtomicU64,
    burn_millis: AtomicU64,
    /// Calls that are worked on at one time, where there is a bound; others wait.
    workers: Option<Semaphore>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is served after this time, and takes the processor for the other one.
    Serve { delay: Duration, burn: Duration },
    /// It is answered UNAVAILABLE.
    Refuse,
}

impl State {
    pub(super) fn new(workers: Option<usize>) -> Self {
        Self {
            workers: workers.map(Semaphore::new),
            ..Self::default()
        }
    }

    /// A worker, as soon as one is free; none where it takes none.
    pub(super) async fn worker(&self) -> Option<SemaphorePermit<'_>> {
        self.workers.as_ref()?.acquire().await.ok()
    }

    /// Counts a call and says what becomes of it.
    pub(super) fn call(&self) -> Fate {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let number = self.since.fetch_add(1, Ordering::Relaxed);
        let percent = self.refused_percent.load(Ordering::Relaxed);
        // Spread evenly: as soon as one more of them makes up the share.
        if (number + 1) * percent / 100 > number * percent / 100 {
            return Fate::Refuse;
        }
        let [delay, burn] = [&self.delay_millis, &self.burn_millis]
            .map(|millis| Duration::from_millis(millis.load(Ordering::Relaxed)));
        Fate::Serve { delay, burn }
    }

    /// Does as told: `slow MILLISECONDS`, `burn MILLISECONDS`, `refuse PERCENT`, `count`. Every answer is the number of calls so
    /// far; `None` to an order that it does not know.
    pub(super) fn obey(&self, order: &str) -> Option<u64> {
        match order.split_once(' ') {
            None if order == "count" => {}
            Some(("slow", millis)) => self
                .delay_millis
                .store(millis.parse().ok()?, Ordering::Relaxed),
            Some(("burn", millis)) => self
                .burn_millis
                .store(millis.parse().ok()?, Ordering::Relaxed),
            Some(("refuse", percent)) => {
                self.refused_percent
                    .store(percent.parse().ok()?, Ordering::Relaxed);
                self.since.store(0, Ordering::Relaxed);
            }
            _ => return None,
        }
        Some(self.calls.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(delay: u64, burn: u64) -> Fate {
        let [delay, burn] = [delay, burn].map(Duration::from_millis);
        Fate::Serve { delay, burn }
    }

    #[test]
    fn the_share_is_kept_and_spread() {
        let state = State::default();
        assert_eq!(state.obey("refuse 30"), Some(0));
        let fates: Vec<_> = (0..10).map(|_| state.call() == Fate::Refuse).collect();
        let refused = fates.iter().filter(|refused| **refused).count();
        assert_eq!(refused, 3);
        assert!(!fates.windows(2).any(|pair| pair == [true, true]));
        assert_eq!(state.obey("refuse 0"), Some(10));
        assert_eq!(state.call(), serve(0, 0));
    }

    #[test]
    fn orders_are_obeyed_or_not_understood() {
        let state = State::default();
        assert_eq!(state.obey("slow 1000"), Some(0));
        assert_eq!(state.call(), serve(1000, 0));
        assert_eq!(state.obey("burn 5"), Some(1));
        assert_eq!(state.call(), serve(1000, 5));
        assert_eq!(state.obey("count"), Some(2));
        for order in ["", "slow", "slow down", "refuse -1", "stop"] {
            assert_eq!(state.obey(order), None, "{order}");
        }
    }
}
