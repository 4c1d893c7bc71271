//! How long things last.

use std::time::Duration;

/// How long the parts of a case last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// For every change.
    Short,
    /// As the promise has it.
    Long,
}

impl Pace {
    /// Time of load before anything breaks.
    pub(crate) fn before(self) -> Duration {
        self.pick(Duration::from_secs(2), Duration::from_secs(10))
    }

    /// Time that something stays broken, where the promise names none.
    pub(crate) fn hold(self) -> Duration {
        self.pick(Duration::from_secs(4), Duration::from_secs(20))
    }

    /// Time of load after all is healed.
    pub(crate) fn after(self) -> Duration {
        self.pick(Duration::from_secs(3), Duration::from_secs(10))
    }

    /// One of two.
    pub(crate) fn pick<T>(self, short: T, long: T) -> T {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}
