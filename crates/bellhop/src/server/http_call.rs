//! An HTTP request as its server sees it: its span and the scope of its handler.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower::{ServiceExt, util::Oneshot};

use super::{
    app::{HttpBody, HttpRoute, HttpService, RemoteAddr},
    panic::{CatchPanic, catch},
};
use crate::{
    context::Scope,
    telemetry::{CallSpan, HttpCall, Telemetry},
};

/// Begins a request.
pub(super) fn call(
    telemetry: &Telemetry,
    service: &HttpService,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> ResponseFuture {
    let known = HttpCall {
        method: request.method(),
        path: request.uri().path(),
        query: request.uri().query(),
        scheme: "http",
        peer: Some(peer),
    };
    let span = telemetry.http_server(request.headers(), known);
    request.extensions_mut().insert(RemoteAddr(peer));
    let scope = Scope {
        span: span.context().clone(),
        deadline: None,
    };
    let handler = scope.enter(catch(|| service.clone().oneshot(request)));
    ResponseFuture {
        handler,
        enclosing: span.otel_context(),
        span: Some(span),
    }
}

pin_project! {
    /// The answer to a request.
    pub(super) struct ResponseFuture {
        #[pin]
        handler: TaskLocalFuture<Scope, CatchPanic<Oneshot<HttpService, Request<Incoming>>>>,
        // For the spans that the handler makes through the API of OpenTelemetry; only where ours is recorded.
        enclosing: Option<opentelemetry::Context>,
        span: Option<CallSpan>,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<HttpBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let enclosed = this.enclosing.clone().map(opentelemetry::Context::attach);
        let answer = this.handler.poll(cx);
        drop(enclosed);
        let response = match ready!(answer) {
            Ok(Ok(response)) => response,
            Err(_) => internal_error(),
        };
        if let Some(span) = this.span.take() {
            let route = response.extensions().get().map(|HttpRoute(route)| *route);
            span.end_http(response.status(), route);
        }
        Poll::Ready(Ok(response))
    }
}

fn internal_error() -> Response<HttpBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
