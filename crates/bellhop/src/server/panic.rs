//! A handler that panics: its call fails, the process lives.

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

/// A handler's panic. What it said is in the log, and for nobody else.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
pub(super) struct Panicked;

impl Panicked {
    fn logged(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(
            panic = text.unwrap_or("no text"),
            "a handler panicked, its call fails"
        );
        Self
    }
}

/// Runs one step of what a handler left behind, such as the stream of its answers.
pub(super) fn catch_step<T>(step: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(step)).map_err(|payload| Panicked::logged(&*payload))
}

/// Calls a handler, up to its first panic.
pub(super) fn catch<F: Future>(call: impl FnOnce() -> F) -> CatchPanic<F> {
    // What a handler leaves half done behind a panic is its own: nothing of ours is shared with it.
    let handler = catch_unwind(AssertUnwindSafe(call));
    CatchPanic {
        handler: handler.map_err(|payload| Panicked::logged(&*payload)).ok(),
    }
}

pin_project! {
    /// A handler's answer, or its panic.
    pub(super) struct CatchPanic<F> {
        // None where the call panicked at once.
        #[pin]
        handler: Option<F>,
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(handler) = self.project().handler.as_pin_mut() else {
            return Poll::Ready(Err(Panicked));
        };
        match catch_unwind(AssertUnwindSafe(|| handler.poll(cx))) {
            Ok(answer) => answer.map(Ok),
            Err(payload) => Poll::Ready(Err(Panicked::logged(&*payload))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_passes() {
        assert_eq!(catch(|| async { 7 }).await.ok(), Some(7));
    }

    #[tokio::test]
    async fn a_panic_at_once_and_a_panic_later_are_caught() {
        assert!(
            catch(|| -> std::future::Ready<()> { panic!("at once") })
                .await
                .is_err()
        );
        assert!(catch(|| async { panic!("{}", "later") }).await.is_err());
    }
}
