//! A deadline that a future or a body keeps.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// When a call ends, whatever happens.
///
/// The runtime's timer is set when somebody first waits: work that is done at once never touches it.
#[derive(Debug)]
pub(crate) struct Timer {
    after: Duration,
    at: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clone for Timer {
    /// Whoever has the clone waits for itself.
    fn clone(&self) -> Self {
        Self {
            sleep: None,
            ..*self
        }
    }
}

impl Timer {
    /// Ends `after` from `now`.
    pub(crate) fn new(now: Instant, after: Duration) -> Self {
        Self {
            after,
            at: now + after,
            sleep: None,
        }
    }

    /// How long the call had.
    pub(crate) fn after(&self) -> Duration {
        self.after
    }

    /// When it ends.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Whether the deadline has passed.
    pub(crate) fn has_passed(&self) -> bool {
        Instant::now() >= self.at
    }

    /// Whether the deadline has passed, as far as the runtime has come to ring whoever has waited for it: that takes no look
    /// at the clock.
    pub(crate) fn has_rung(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed())
    }

    /// Ready once the deadline has passed.
    pub(crate) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep
            .get_or_insert_with(|| Box::pin(sleep_until(self.at)))
            .as_mut()
            .poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_passes_at_the_deadline_and_not_before() {
        let start = Instant::now();
        let mut timer = Timer::new(start, Duration::from_secs(2));
        poll_fn(|cx| timer.poll_passed(cx)).await;
        assert_eq!(Instant::now(), timer.at());
        assert_eq!(timer.after(), Duration::from_secs(2));
    }
}
