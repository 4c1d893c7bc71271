//! An HTTP request as it is counted and traced.

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

use super::Observer;
use crate::{
    server::{
        activity::InFlight,
        app::{HttpBody, HttpRoute, SpanEvent},
        incoming::Call,
    },
    telemetry::{CallSpan, HttpCall},
};

/// Counts HTTP requests and traces them, to the head of their answers.
#[derive(Clone, Debug)]
pub(in crate::server) struct ObserveHttp<S> {
    inner: S,
    observer: Arc<Observer>,
}

impl<S> ObserveHttp<S> {
    pub(super) fn new(inner: S, observer: Observer) -> Self {
        Self {
            inner,
            observer: Arc::new(observer),
        }
    }
}

impl<S> Service<Call> for ObserveHttp<S>
where
    S: Service<Call, Response = Response<HttpBody>, Error = Infallible>,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let in_flight = (!call.is_question()).then(|| self.observer.activity.begin());
        let request = &call.request;
        let known = HttpCall {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            scheme: "http",
            peer: Some(call.peer),
        };
        let span = self
            .observer
            .telemetry
            .http_server(request.headers(), known);
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
    /// The answer to a request.
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
    F: Future<Output = Result<Response<HttpBody>, Infallible>>,
{
    type Output = Result<Response<HttpBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let enclosed = this.enclosing.clone().map(opentelemetry::Context::attach);
        let answer = this.inner.poll(cx);
        drop(enclosed);
        let Ok(response) = ready!(answer);
        *this.in_flight = None;
        if let Some(mut span) = this.span.take() {
            if let Some(SpanEvent(name)) = response.extensions().get() {
                span.event(name);
            }
            let route = response.extensions().get().map(|HttpRoute(route)| *route);
            span.end_http(response.status(), route);
        }
        Poll::Ready(Ok(response))
    }
}
