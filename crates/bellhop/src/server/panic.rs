//! A handler that panics: its call fails, the process lives.

use std::{
    any::Any,
    collections::HashMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::outage::Outage;

/// Panics that are told apart: what they say may be anything.
const KINDS: usize = 16;
/// Of what a panic says.
const LONGEST: usize = 200;
/// What further kinds are counted under.
const OTHERS: &str = "";

/// What a panic said.
pub(super) type Payload = Box<dyn Any + Send>;

/// The panics of a member's handlers: each kind is told once, and then once a minute with how many there were since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panics(Arc<Mutex<HashMap<String, Outage>>>);

impl Panics {
    /// Counts a panic, and tells of it where it is new or has not been told of for long. What it said is for nobody but the log.
    pub(super) fn note(&self, payload: &(dyn Any + Send)) {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text: String = text.unwrap_or("no text").chars().take(LONGEST).collect();
        match self.count(&text) {
            Some(1) => tracing::error!(panic = text, "a handler panicked, its call fails"),
            Some(panics) => {
                tracing::error!(panics, panic = text, "handlers panic, the last one now");
            }
            None => {}
        }
    }

    /// How many of a kind there are to tell of.
    fn count(&self, text: &str) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = kinds.len() < KINDS || kinds.contains_key(text);
        let kind = if is_known { text } else { OTHERS };
        let outage = kinds.entry(kind.to_owned()).or_default();
        outage.failed_again(Instant::now())
    }
}

/// Runs one step of what a handler left behind, such as the stream of its answers.
pub(super) fn catch_step<T>(step: impl FnOnce() -> T) -> Result<T, Payload> {
    catch_unwind(AssertUnwindSafe(step))
}

/// Calls a handler, up to its first panic.
pub(super) fn catch<F: Future>(call: impl FnOnce() -> F) -> CatchPanic<F> {
    // What a handler leaves half done behind a panic is its own: nothing of ours is shared with it.
    let (handler, panic) = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(handler) => (Some(handler), None),
        Err(panic) => (None, Some(panic)),
    };
    CatchPanic { handler, panic }
}

pin_project! {
    /// A handler's answer, or its panic.
    pub(super) struct CatchPanic<F> {
        // None where the call panicked at once.
        #[pin]
        handler: Option<F>,
        panic: Option<Payload>,
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(handler) = this.handler.as_pin_mut() else {
            return Poll::Ready(Err(this.panic.take().unwrap_or_else(|| Box::new(()))));
        };
        match catch_unwind(AssertUnwindSafe(|| handler.poll(cx))) {
            Ok(answer) => answer.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test]
    async fn an_answer_passes() {
        assert_eq!(catch(|| async { 7 }).await.ok(), Some(7));
    }

    #[tokio::test]
    async fn a_panic_at_once_and_a_panic_later_are_caught() {
        let at_once = catch(|| -> std::future::Ready<()> { panic!("at once") }).await;
        let text = at_once.expect_err("a panic");
        assert_eq!(text.downcast_ref::<&str>(), Some(&"at once"));
        assert!(catch(|| async { panic!("{}", "later") }).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_that_repeats_is_told_once_and_then_counted() {
        let panics = Panics::default();
        let again = panics.clone();
        assert_eq!(panics.count("one"), Some(1));
        assert!((0..99).all(|_| again.count("one").is_none()));
        assert_eq!(
            panics.count("another"),
            Some(1),
            "it may have another cause"
        );
        advance(Duration::from_secs(60)).await;
        assert_eq!(panics.count("one"), Some(100));
    }

    #[tokio::test(start_paused = true)]
    async fn panics_that_never_say_the_same_are_few_kinds() {
        let panics = Panics::default();
        let told = (0..1000).filter_map(|number| panics.count(&number.to_string()));
        assert_eq!(told.count(), KINDS + 1);
        advance(Duration::from_secs(60)).await;
        let untold = 1000 - KINDS as u64;
        assert_eq!(panics.count("yet another"), Some(untold));
    }
}
