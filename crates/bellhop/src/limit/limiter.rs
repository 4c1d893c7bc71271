//! One bucket for each key.

use std::{
    fmt,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
};

use super::{
    Rate,
    bounded::{Bounded, Full},
    clock::TokioClock,
};

/// How often buckets that nobody needs are looked for while there is no room: a look goes through all of them.
const PRUNE_EVERY: Duration = Duration::from_secs(1);

/// One bucket for each key, and a bounded number of them.
///
/// Where all places are taken, buckets that are as good as new make room, about once a second; keys that still find no place
/// share one bucket. So a flood of keys costs bounded memory, and harms only those that nobody knew before.
pub(crate) struct Limiter<K, C: Clock = TokioClock>
where
    K: Clone + Eq + Hash,
{
    inner: RateLimiter<K, Bounded<K>, C, NoOpMiddleware<C::Instant>>,
    full: Full,
    pruned: Mutex<C::Instant>,
    rate: Rate,
}

/// Who asks too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests, the next may come in {retry_after:?}")]
pub struct TooMany {
    /// From now until the next one may come, if nobody else takes it.
    pub retry_after: Duration,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    /// A limiter with so much for each key, and buckets of their own for so many keys.
    pub(crate) fn new(rate: Rate, keys: usize) -> Self {
        Self::with_clock(rate, keys, TokioClock)
    }
}

impl<K: Clone + Eq + Hash, C: Clock> Limiter<K, C> {
    fn with_clock(rate: Rate, keys: usize, clock: C) -> Self {
        let (buckets, pruned) = (Bounded::new(keys), Mutex::new(clock.now()));
        Self {
            full: buckets.full(),
            inner: RateLimiter::new(rate.quota(), buckets, clock),
            pruned,
            rate,
        }
    }

    /// Takes one from the key's bucket.
    ///
    /// # Errors
    /// When there is none, and how long until there is.
    pub(crate) fn check(&self, key: &K) -> Result<(), TooMany> {
        self.make_room();
        self.inner.check_key(key).map_err(|refused| TooMany {
            retry_after: refused.wait_time_from(self.inner.clock().now()),
        })
    }

    fn make_room(&self) {
        if !self.full.is_so() {
            return;
        }
        let now = self.inner.clock().now();
        let mut pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
        if Duration::from(now.duration_since(*pruned)) >= PRUNE_EVERY {
            *pruned = now;
            drop(pruned);
            self.inner.retain_recent();
        }
    }
}

impl<K: Clone + Eq + Hash, C: Clock> fmt::Debug for Limiter<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("rate", &self.rate)
            .field("keys", &self.inner.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
