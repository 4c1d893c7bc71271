//! Whose turn it is on a thread whose calls take the processor's time.
//!
//! A single-threaded runtime looks at its sockets when nothing is ready any more, or after 61 tasks. Where each of them takes
//! 4 ms of the processor that is a quarter of a second, in which nobody is told anything: neither that there is too much to do,
//! nor an answer that is long there. So calls do not stand in the runtime's queue but in one of ours, first come, first served.
//! Who is at its head works; when calls have worked for a round, the next one waits until the runtime has looked at its sockets
//! and has done what it found there.
//!
//! Only calls take turns, and only until their answers begin: streams and what handlers spawn stand in the runtime's queue. Where
//! these take long to come round, more calls work at a time, as they would without turns.
//!
//! A runtime of several threads goes without: its threads look at the sockets in turn.

mod round;

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::Semaphore,
    task::yield_now,
    time::Instant,
};

#[cfg(test)]
pub(super) use self::round::ROUND;
use self::round::Round;

/// Looks at the sockets between two rounds. Where each request has a task of its own, they are read at the first, refused at the
/// second, and refusals are written before the third; calls of gRPC are part of their connection's task and need one.
const LOOKS: usize = 3;

/// The turns of one thread.
#[derive(Debug)]
pub(super) struct Turns {
    /// One permit, or more where others work long: their owners work. None while the runtime looks at its sockets.
    free: Semaphore,
    round: Round,
}

/// A call's place among the others.
pub(super) struct Place {
    turns: Arc<Turns>,
    // Only of one that has to wait.
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// A turn, until it is dropped.
struct Turn<'a> {
    turns: &'a Arc<Turns>,
    since: Instant,
}

impl Turns {
    /// Those of the runtime that this is called on; `None` where it has several threads.
    pub(super) fn of_runtime() -> Option<Arc<Self>> {
        let is_single = Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
        is_single.then(Arc::default)
    }

    /// Waits until all that stand here now have had their turns.
    pub(super) async fn wait(&self) {
        let turn = self.free.acquire().await;
        drop(turn);
    }

    async fn take(self: Arc<Self>) {
        if let Ok(turn) = self.free.acquire().await {
            turn.forget();
        }
    }

    /// A turn is over: the next one has it, or the runtime looks at its sockets.
    fn pass(self: &Arc<Self>, worked: Duration) {
        if self.round.goes_on(worked) {
            return self.free.add_permits(1);
        }
        let idle = self.free.forget_permits(self.round.turns() - 1);
        if self.round.is_over_without(1 + idle) {
            tokio::spawn(look(self.clone()));
        }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            free: Semaphore::new(1),
            round: Round::default(),
        }
    }
}

impl Place {
    pub(super) fn new(turns: Arc<Turns>) -> Self {
        Self {
            turns,
            waiting: None,
        }
    }

    /// Does a piece of work once it is its turn. What comes of it, and when.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<(T, Instant)> {
        ready!(self.poll_turn(cx));
        let turn = Turn {
            turns: &self.turns,
            since: Instant::now(),
        };
        let done = work(cx);
        let at = turn.end();
        done.map(|done| (done, at))
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() {
            match self.turns.free.try_acquire() {
                Ok(turn) => {
                    turn.forget();
                    return Poll::Ready(());
                }
                Err(_) => self.waiting = Some(Box::pin(self.turns.clone().take())),
            }
        }
        let waiting = self.waiting.as_mut().expect("it has just begun");
        ready!(waiting.as_mut().poll(cx));
        self.waiting = None;
        Poll::Ready(())
    }
}

impl Turn<'_> {
    /// When it was over.
    fn end(self) -> Instant {
        let now = Instant::now();
        self.turns.pass(now.saturating_duration_since(self.since));
        mem::forget(self);
        now
    }
}

/// Of work that panics.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.pass(self.since.elapsed());
    }
}

/// Has the runtime look at its sockets before the next turn.
async fn look(turns: Arc<Turns>) {
    let begun = Instant::now();
    for _ in 0..LOOKS {
        yield_now().await;
    }
    turns.free.add_permits(turns.round.begin(begun.elapsed()));
}

#[cfg(test)]
mod tests;
