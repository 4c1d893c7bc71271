//! What is kept until a deadline, and no longer.

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use tokio::task::coop;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::Timer;

/// What can be held to a deadline.
pub(crate) trait Expire: Send + 'static {
    /// What whoever works with it is told from then on.
    fn status(&self, timer: &Timer) -> Status;

    /// The deadline has passed; `awaited` says whether somebody waited for it to go on.
    fn expire(self, awaited: bool);
}

/// Something that is given up at its deadline, whether or not anybody asks for it: a stream that nobody reads is not polled,
/// and would keep what it holds for as long as its reader stands still.
///
/// A task of its own keeps the time, so this is for streams. What is there as a whole can do without.
pub(crate) struct Lease<T> {
    slot: Arc<Mutex<Slot<T>>>,
    _clock: AbortOnDropHandle<()>,
}

enum Slot<T> {
    Held { held: T, awaited: Option<Waker> },
    Over(Status),
}

impl<T: Expire> Lease<T> {
    /// Holds something until then.
    pub(crate) fn new(held: T, mut timer: Timer) -> Self {
        let held = Slot::Held {
            held,
            awaited: None,
        };
        let slot = Arc::new(Mutex::new(held));
        let watched = Arc::downgrade(&slot);
        let clock = tokio::spawn(async move {
            poll_fn(|cx| timer.poll_passed(cx)).await;
            if let Some(slot) = watched.upgrade() {
                expire(&slot, &timer);
            }
        });
        Self {
            slot,
            _clock: AbortOnDropHandle::new(clock),
        }
    }

    /// Goes on with what is held.
    ///
    /// Of those who always find something the runtime's budget makes sure that the clock has its turn, which spares them a
    /// look at it.
    ///
    /// # Errors
    /// When it has been given up.
    pub(crate) fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut T, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<Result<R, Status>> {
        let budget = ready!(coop::poll_proceed(cx));
        let mut slot = lock(&self.slot);
        let (held, awaited) = match &mut *slot {
            Slot::Held { held, awaited } => (held, awaited),
            Slot::Over(status) => return Poll::Ready(Err(status.clone())),
        };
        let done = work(held, cx);
        if done.is_ready() {
            *awaited = None;
            budget.made_progress();
        } else if !awaited
            .as_ref()
            .is_some_and(|own| own.will_wake(cx.waker()))
        {
            *awaited = Some(cx.waker().clone());
        }
        done.map(Ok)
    }

    /// Changes what is held.
    ///
    /// # Errors
    /// When it has been given up: what was to become of it.
    pub(crate) fn with<A>(&self, argument: A, change: impl FnOnce(&mut T, A)) -> Result<(), A> {
        match &mut *lock(&self.slot) {
            Slot::Held { held, .. } => {
                change(held, argument);
                Ok(())
            }
            Slot::Over(_) => Err(argument),
        }
    }

    /// Whether it has been given up.
    pub(crate) fn is_over(&self) -> bool {
        matches!(*lock(&self.slot), Slot::Over(_))
    }
}

/// Held for a step at most: whoever comes to give up a stream waits for the step that is being made.
fn lock<T>(slot: &Mutex<Slot<T>>) -> MutexGuard<'_, Slot<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn expire<T: Expire>(slot: &Mutex<Slot<T>>, timer: &Timer) {
    let given_up = {
        let mut slot = lock(slot);
        let Slot::Held { held, .. } = &*slot else {
            return;
        };
        let over = Slot::Over(held.status(timer));
        std::mem::replace(&mut *slot, over)
    };
    // What it does when it is dropped is nobody's to wait for.
    if let Slot::Held { held, awaited } = given_up {
        let is_awaited = awaited.is_some();
        // First, for what is dropped may panic.
        if let Some(reader) = awaited {
            reader.wake();
        }
        held.expire(is_awaited);
    }
}

impl<T> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
