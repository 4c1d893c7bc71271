//! A gRPC call as it is counted and traced.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tower::Service;

use super::{Observer, body::Observed};
use crate::{
    server::{activity::InFlight, call, incoming::Call},
    telemetry::{CallSpan, ServerCall},
};

/// Counts gRPC calls and traces them, to the end of their streams.
#[derive(Clone, Debug)]
pub(in crate::server) struct ObserveGrpc<S> {
    inner: S,
    observer: Arc<Observer>,
}

impl<S> ObserveGrpc<S> {
    pub(super) fn new(inner: S, observer: Observer) -> Self {
        Self {
            inner,
            observer: Arc::new(observer),
        }
    }
}

impl<S> Service<Call> for ObserveGrpc<S>
where
    S: Service<Call, Response = Response<call::ResponseBody>, Error = Infallible>,
{
    type Response = Response<Observed>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let in_flight = (!call.is_question()).then(|| self.observer.activity.begin());
        let known = ServerCall {
            path: call.request.uri().path(),
            peer: Some(call.peer),
        };
        let span = self
            .observer
            .telemetry
            .server(call.request.headers(), known);
        call.span = span.context().clone();
        ResponseFuture {
            inner: self.inner.call(call),
            enclosing: span.otel_context(),
            span: Some(span),
            in_flight,
        }
    }
}

pin_project! {
    /// The answer to a call.
    pub(in crate::server) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // For the spans that the handler makes through the API of OpenTelemetry; only where ours is recorded.
        enclosing: Option<opentelemetry::Context>,
        span: Option<CallSpan>,
        in_flight: Option<InFlight>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<call::ResponseBody>, Infallible>>,
{
    type Output = Result<Response<Observed>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let enclosed = this.enclosing.clone().map(opentelemetry::Context::attach);
        let answer = this.inner.poll(cx);
        drop(enclosed);
        let Ok(response) = ready!(answer);
        let (span, in_flight) = (this.span.take(), this.in_flight.take());
        Poll::Ready(Ok(Observed::wrap(response, span, in_flight)))
    }
}
