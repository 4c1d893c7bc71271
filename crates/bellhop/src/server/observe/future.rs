//! The answer to a call that is observed.

use std::{
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use super::{Open, Protocol};

pin_project! {
    /// The answer to a call.
    pub(in crate::server) struct ResponseFuture<F, P> {
        #[pin]
        inner: F,
        // For the spans that the handler makes through the API of OpenTelemetry; only where ours is recorded.
        enclosing: Option<opentelemetry::Context>,
        // None behind the answer.
        open: Option<Open>,
        protocol: PhantomData<fn() -> P>,
    }
}

impl<F, P> ResponseFuture<F, P> {
    pub(super) fn new(inner: F, open: Open) -> Self {
        Self {
            inner,
            enclosing: open.span.otel_context(),
            open: Some(open),
            protocol: PhantomData,
        }
    }
}

impl<F, P> Future for ResponseFuture<F, P>
where
    F: Future<Output = Result<Response<P::Body>, Infallible>>,
    P: Protocol,
{
    type Output = Result<Response<P::Observed>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let enclosed = this.enclosing.clone().map(opentelemetry::Context::attach);
        let answer = this.inner.poll(cx);
        drop(enclosed);
        let Ok(answer) = ready!(answer);
        let open = this.open.take().expect("polled after its end");
        Poll::Ready(Ok(P::answered(answer, open)))
    }
}
