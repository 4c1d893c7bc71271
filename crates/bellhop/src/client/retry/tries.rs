//! How many attempts are made.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use opentelemetry_semantic_conventions::attribute::SERVER_ADDRESS;

use crate::telemetry::metrics::{ATTEMPT, ATTEMPTS, Attributes, Snapshot, Source};

/// What kind of attempt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A call's first.
    First,
    /// After a failure.
    Retry,
    /// After one that reached nobody.
    Transparent,
    /// Beside one that is late.
    Hedge,
}

impl Kind {
    /// As attributes have it.
    pub(super) fn name(self) -> &'static str {
        KINDS[self as usize].1
    }
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::First, "first"),
    (Kind::Retry, "retry"),
    (Kind::Transparent, "transparent"),
    (Kind::Hedge, "hedge"),
];

/// Counts the attempts of one channel.
#[derive(Debug)]
pub(crate) struct Tries {
    service: Arc<str>,
    made: [AtomicU64; KINDS.len()],
}

impl Tries {
    pub(super) fn new(service: Arc<str>) -> Self {
        Self {
            service,
            made: Default::default(),
        }
    }

    pub(super) fn count(&self, kind: Kind) {
        self.made[kind as usize].fetch_add(1, Relaxed);
    }
}

impl Source for Tries {
    fn collect(&self, into: &mut Snapshot) {
        let own = || (SERVER_ADDRESS, self.service.to_string().into());
        for (kind, name) in KINDS {
            let attributes: Attributes = vec![own(), (ATTEMPT, name.into())];
            let made = self.made[kind as usize].load(Relaxed);
            into.number(&ATTEMPTS, attributes, made as f64);
        }
    }
}
