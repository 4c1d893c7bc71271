//! The future of a call: its first attempt, and what follows where that fails.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::{
    again::Again,
    flight::{Answer, Flight},
    policy::{Verdict, verdict},
    target::Target,
};

pin_project! {
    /// The answer to a call.
    pub(crate) struct ResponseFuture<T: Target> {
        first: Option<Flight<T>>,
        // None for a request that cannot be sent again.
        again: Option<Again<T>>,
        // Set when the first attempt is first waited for.
        #[pin]
        hedge: Option<Sleep>,
        rest: Option<Rest<T>>,
    }
}

/// Boxed: it is off the path that a call takes when all is well.
type Rest<T> = Pin<Box<dyn Future<Output = Answer<T>> + Send>>;

impl<T: Target> ResponseFuture<T> {
    pub(super) fn new(first: Flight<T>, again: Option<Again<T>>) -> Self {
        Self {
            first: Some(first),
            again,
            hedge: None,
            rest: None,
        }
    }
}

impl<T: Target> Future for ResponseFuture<T> {
    type Output = Answer<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<T>> {
        let mut this = self.project();
        if let Some(rest) = this.rest {
            return rest.as_mut().poll(cx);
        }
        let first = this.first.as_mut().expect("polled after its end");
        let rest: Rest<T> = match first.poll(cx) {
            Poll::Ready(Ok(response)) => return Poll::Ready(Ok(response)),
            Poll::Ready(Err(failed)) => {
                let share = first.share;
                match this.again.take() {
                    Some(again) if verdict(again.method, failed.failure, 1) != Verdict::Final => {
                        Box::pin(again.after(failed, share))
                    }
                    _ => return Poll::Ready(failed.into_answer()),
                }
            }
            Poll::Pending => {
                let Some(after) = this.again.as_ref().and_then(Again::hedge_after) else {
                    return Poll::Pending;
                };
                if this.hedge.is_none() {
                    this.hedge.set(Some(sleep(after)));
                }
                let hedge = this.hedge.as_mut().as_pin_mut();
                if hedge.is_some_and(|hedge| hedge.poll(cx).is_pending()) {
                    return Poll::Pending;
                }
                let (Some(again), Some(first)) = (this.again.take(), this.first.take()) else {
                    return Poll::Pending;
                };
                Box::pin(again.beside(first))
            }
        };
        this.first.take();
        this.hedge.set(None);
        this.rest.insert(rest).as_mut().poll(cx)
    }
}
