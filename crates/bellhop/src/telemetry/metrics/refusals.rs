//! Calls that were too many.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{
    catalogue::{LIMITER, REFUSALS},
    snapshot::Snapshot,
};

/// What refuses calls for being too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limiter {
    /// A server has too much to do.
    Shed,
    /// A server's caller comes too often.
    Caller,
    /// A client address comes too often.
    Client,
    /// A channel calls its service too often.
    Upstream,
}

impl Limiter {
    /// As attributes have it.
    pub(crate) fn name(self) -> &'static str {
        ALL[self as usize].1
    }
}

const ALL: [(Limiter, &str); 4] = [
    (Limiter::Shed, "shed"),
    (Limiter::Caller, "caller"),
    (Limiter::Client, "client"),
    (Limiter::Upstream, "upstream"),
];

/// How many calls each of them has refused.
#[derive(Debug, Default)]
pub(super) struct Refusals([AtomicU64; ALL.len()]);

impl Refusals {
    pub(super) fn count(&self, limiter: Limiter) {
        self.0[limiter as usize].fetch_add(1, Relaxed);
    }

    /// Adds those there may be: some limiters are only at one side.
    pub(super) fn collect(&self, of: &[Limiter], into: &mut Snapshot) {
        for (limiter, name) in ALL {
            if of.contains(&limiter) {
                let count = self.0[limiter as usize].load(Relaxed);
                into.number(&REFUSALS, [(LIMITER, name.into())], count as f64);
            }
        }
    }
}
