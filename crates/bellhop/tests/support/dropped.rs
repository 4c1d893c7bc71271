//! Futures that are dropped wherever they wait.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

/// Far more than anything here waits: only a future that never ends runs into it.
const ENDLESS: usize = 10_000;

/// How long a future is left alive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    polls: usize,
}

impl Lifetime {
    /// Lets a future run for this long and drops it where it waits then. `None` where it was dropped.
    pub(crate) async fn run<F: Future>(self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut polls = 0;
        poll_fn(|cx| {
            if polls == self.polls {
                return Poll::Ready(None);
            }
            polls += 1;
            match future.as_mut().poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                // Not at the next wake-up: nothing may ever wake it again.
                Poll::Pending if polls == self.polls => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// Tries a case with ever longer lifetimes, from one that ends before the first poll, until the case says that its future
/// came to its end (`run(..)` was `Some`). The case makes its future anew each time and checks what is left behind.
///
/// Returns at how many waits the future was dropped.
pub(crate) async fn at_every_await(mut case: impl AsyncFnMut(Lifetime) -> bool) -> usize {
    for polls in 0..ENDLESS {
        if case(Lifetime { polls }).await {
            let waits = polls.saturating_sub(1);
            assert!(waits > 0, "a future that never waits shows nothing");
            return waits;
        }
    }
    panic!("no end after {ENDLESS} polls");
}
