//! Tells the mesh which route a request took, and until when its answer is waited for.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use bellhop::{
    context::Scope,
    server::{HttpRoute, QueryParameters},
};
use pin_project_lite::pin_project;
use tokio::{task::futures::TaskLocalFuture, time::Instant};
use tower::Service;

use crate::query;

/// The routes whose requests are told apart in traces.
const ROUTES: [&str; 11] = [
    "/",
    "/hotels",
    "/mesh",
    "/mesh/events",
    "/mesh/traces",
    "/mesh/traces/{id}",
    "/mesh/faults/{instance}",
    "/mesh/faults/{instance}/stop",
    "/openapi.json",
    "/healthz",
    "/readyz",
];

/// A route, whose requests are told apart.
#[derive(Clone, Debug)]
pub(crate) struct Routed<S> {
    inner: S,
    deadline: Duration,
}

impl<S> Routed<S> {
    pub(crate) fn new(inner: S, deadline: Duration) -> Self {
        Self { inner, deadline }
    }
}

impl<S> Service<Request> for Routed<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let matched = request.extensions().get::<MatchedPath>();
        let matched = matched.map(MatchedPath::as_str);
        let route = matched.and_then(|path| ROUTES.into_iter().find(|route| *route == path));
        // What the frontend waits for no longer, nobody behind it should go on with.
        let scope = Scope {
            deadline: Some(Instant::now() + self.deadline),
            ..Scope::current()
        };
        ResponseFuture {
            answer: scope.enter(self.inner.call(request)),
            route,
        }
    }
}

pin_project! {
    /// The answer, with what the mesh is told: the route, for the name of the span, and what of the query is no secret.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        answer: TaskLocalFuture<Scope, F>,
        route: Option<&'static str>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for ResponseFuture<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.answer.poll(cx));
        if let Some(route) = *this.route {
            response.extensions_mut().insert(HttpRoute(route));
        }
        if *this.route == Some("/hotels") {
            let known = QueryParameters(&query::NAMES);
            response.extensions_mut().insert(known);
        }
        Poll::Ready(Ok(response))
    }
}
