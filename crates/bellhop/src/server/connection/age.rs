//! How old a connection may become: callers that stay connected for ever never see who has come since.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::Leaving;

/// Connections made at the same time end at times that differ by as much of their age, either way.
const JITTER: f64 = 0.1;

/// How old connections may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    pub(super) max: Duration,
    /// What calls in flight then have, until they are cut off.
    pub(super) grace: Duration,
}

/// How long one connection lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    after: Duration,
    grace: Duration,
}

/// What a connection and the calls on it tell each other about its end.
#[derive(Debug)]
pub(super) struct Ageing {
    is_old: AtomicBool,
    is_http2: AtomicBool,
    leaving: Leaving,
}

impl Ageing {
    /// Of a young connection to a member that may leave.
    pub(super) fn new(leaving: Leaving) -> Self {
        Self {
            is_old: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            leaving,
        }
    }

    /// Whether the next answer should be the last one.
    pub(super) fn is_to_end(&self) -> bool {
        self.is_leaving() || self.is_old.load(Ordering::Relaxed)
    }

    /// Whether the member leaves.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.has_begun()
    }

    pub(super) fn set_old(&self) {
        self.is_old.store(true, Ordering::Relaxed);
    }

    /// Whether the other side is known to speak HTTP/2, which can be told to go without an answer.
    pub(super) fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    pub(super) fn set_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }
}

impl Age {
    /// That of one connection; `random` is from 0 to 1.
    pub(super) fn lifetime(self, random: f64) -> Lifetime {
        let factor = 1.0 + JITTER * (2.0 * random.clamp(0.0, 1.0) - 1.0);
        Lifetime {
            after: self.max.mul_f64(factor),
            grace: self.grace,
        }
    }
}

/// Resolves to the grace once a connection is too old.
pub(super) async fn passed(lifetime: Option<Lifetime>) -> Duration {
    match lifetime {
        Some(Lifetime { after, grace }) => {
            sleep(after).await;
            grace
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_lifetime_is_about_the_age(seconds in 1..100_000u64, random in 0.0..=1.0) {
            let max = Duration::from_secs(seconds);
            let grace = Duration::from_secs(1);
            let lifetime = Age { max, grace }.lifetime(random);
            prop_assert!(lifetime.after >= max.mul_f64(0.899) && lifetime.after <= max.mul_f64(1.101));
            prop_assert_eq!(lifetime.grace, grace);
        }
    }

    #[test]
    fn lifetimes_differ() {
        let age = Age {
            max: Duration::from_secs(10),
            grace: Duration::ZERO,
        };
        assert_eq!(age.lifetime(0.0).after, Duration::from_secs(9));
        assert_eq!(age.lifetime(0.5).after, Duration::from_secs(10));
        assert_eq!(age.lifetime(1.0).after, Duration::from_secs(11));
    }
}
