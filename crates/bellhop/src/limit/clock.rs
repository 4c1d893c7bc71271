//! The runtime's clock, for governor.

use std::ops::Add;

use governor::{
    clock::{Clock, Reference},
    nanos::Nanos,
};
use tokio::time::Instant;

/// The runtime's clock, which tests can pause.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokioClock;

/// An instant of the runtime's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Now(Instant);

impl Clock for TokioClock {
    type Instant = Now;

    fn now(&self) -> Now {
        Now(Instant::now())
    }
}

impl Reference for Now {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_duration_since(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}

impl Add<Nanos> for Now {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + nanos.into())
    }
}
