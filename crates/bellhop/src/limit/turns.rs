//! Whose turn it is.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};

use super::{Rate, TokioClock, TooMany};
use crate::{context::Voice, outage::Outage};

/// A bucket that calls take from, and the queue before it.
#[derive(Debug)]
pub(crate) struct Turns {
    bucket: RateLimiter<NotKeyed, InMemoryState, TokioClock, Middleware>,
    interval: Duration,
    /// First come, first served: one at a time waits for the bucket, the others for that one.
    first: Semaphore,
    waiting: AtomicU32,
    outage: Outage,
    voice: Voice,
}

type Middleware = NoOpMiddleware<<TokioClock as Clock>::Instant>;

impl Turns {
    /// A full bucket.
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            bucket: RateLimiter::direct_with_clock(rate.quota(), TokioClock),
            interval: rate.interval(),
            first: Semaphore::new(1),
            waiting: AtomicU32::new(0),
            outage: Outage::default(),
            voice: Voice::current(),
        }
    }

    /// Takes a turn where there is one and nobody waits for it.
    pub(crate) fn take(&self) -> bool {
        let taken = self.waiting.load(Ordering::Relaxed) == 0 && self.check().is_ok();
        if taken && self.outage.is_running() {
            // Its end is not told, but the next beginning.
            let _ = self.outage.went_well(Instant::now());
        }
        taken
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// At once where it cannot come within `patience`, and else after that.
    pub(crate) async fn wait(&self, service: &str, patience: Duration) -> Result<(), TooMany> {
        let place = Waiting::begin(self);
        let at_least = self.interval.saturating_mul(place.ahead);
        let turn = match at_least < patience {
            true => timeout(patience, self.turn()).await.ok(),
            false => None,
        };
        if turn.is_none() && self.outage.failed(Instant::now()) {
            self.voice.say(|| {
                tracing::warn!(service, interval = ?self.interval, "calls are refused: more than the client's limit");
            });
        }
        let retry_after = at_least.saturating_add(self.interval);
        turn.ok_or(TooMany { retry_after })
    }

    async fn turn(&self) {
        // The semaphore is never closed.
        let _first = self.first.acquire().await;
        while let Err(after) = self.check() {
            sleep(after).await;
        }
    }

    fn check(&self) -> Result<(), Duration> {
        let clock = TokioClock;
        let refused = |until: governor::NotUntil<_>| until.wait_time_from(clock.now());
        self.bucket.check().map_err(refused)
    }
}

/// A place in the queue, left when this is dropped.
struct Waiting<'a> {
    turns: &'a Turns,
    /// Those before it.
    ahead: u32,
}

impl<'a> Waiting<'a> {
    fn begin(turns: &'a Turns) -> Self {
        let ahead = turns.waiting.fetch_add(1, Ordering::Relaxed);
        Self { turns, ahead }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
