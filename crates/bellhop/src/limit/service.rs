//! The limit per client address, as a tower service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use super::{ClientLimiter, TooMany};
use crate::telemetry::metrics::Limiter;

/// Limits how often a client address may ask.
///
/// It reads the extension [`RemoteAddr`](crate::server::RemoteAddr); requests without one, which came over no connection, are one client together.
#[derive(Clone, Debug)]
pub struct ClientLimit<S, F> {
    pub(super) inner: S,
    pub(super) limiter: ClientLimiter,
    pub(super) refuse: F,
}

impl<S, F, B, R> Service<Request<B>> for ClientLimit<S, F>
where
    S: Service<Request<B>, Response = Response<R>>,
    F: Fn(TooMany) -> Response<R>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.limiter.check(&request) {
            Ok(()) => ResponseFuture::Passed {
                inner: self.inner.call(request),
            },
            Err(refused) => ResponseFuture::Refused {
                answer: Some(marked((self.refuse)(refused))),
            },
        }
    }
}

/// The answer, so that whoever counts refusals knows it for one.
fn marked<R>(mut answer: Response<R>) -> Response<R> {
    answer.extensions_mut().insert(Limiter::Client);
    answer
}

pin_project! {
    /// The answer to a request: that of the service, or the refusal.
    #[project = Projection]
    pub enum ResponseFuture<F, R> {
        #[doc(hidden)]
        Passed { #[pin] inner: F },
        #[doc(hidden)]
        Refused { answer: Option<Response<R>> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projection::Passed { inner } => inner.poll(cx),
            Projection::Refused { answer } => {
                Poll::Ready(Ok(answer.take().expect("polled after its end")))
            }
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed { .. } => "Passed",
            Self::Refused { .. } => "Refused",
        })
    }
}
