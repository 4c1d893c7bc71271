//! Tells every answer's request id and trace id, and the log why a request failed.

use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
    routing::{Route, future::RouteFuture},
};
use bellhop::server::{X_REQUEST_ID, request_id};
use futures_util::{FutureExt, future::CatchUnwind};
use pin_project_lite::pin_project;
use tower::Service;

use crate::{Failures, error::Cause, guard};

pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// What tells of requests.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    /// The trace that the running request belongs to.
    pub(crate) trace_id: fn() -> Option<String>,
    pub(crate) failures: Failures,
}

/// Puts both ids on the answer, and has logged what the answer does not say.
// A service and not a function: axum makes three boxes and a clone of the route for each request that a function sees.
#[derive(Clone, Debug)]
pub(crate) struct Tell {
    route: Route,
    teller: Teller,
}

impl Tell {
    pub(crate) fn new(route: Route, teller: Teller) -> Self {
        Self { route, teller }
    }
}

impl Service<Request> for Tell {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.route, cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let request_id = request_id(request.headers());
        let trace_id = trace_id((self.teller.trace_id)(), request.headers());
        // A route does nothing before it is polled. The request is gone with its handler, and nothing else of it is looked at again.
        let answer = AssertUnwindSafe(self.route.call(request)).catch_unwind();
        ResponseFuture {
            answer,
            failures: self.teller.failures.clone(),
            ids: Some([(X_REQUEST_ID, request_id), (TRACE_ID, trace_id)]),
        }
    }
}

pin_project! {
    /// The answer with its ids, whatever is answered.
    pub(crate) struct ResponseFuture {
        #[pin]
        answer: CatchUnwind<AssertUnwindSafe<RouteFuture<Infallible>>>,
        failures: Failures,
        // Until the answer has them.
        ids: Option<[(HeaderName, HeaderValue); 2]>,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match ready!(this.answer.poll(cx)) {
            Ok(Ok(response)) => response,
            Err(panic) => guard::broken(&*panic),
        };
        match response.extensions_mut().remove() {
            Some(Cause(cause)) => this.failures.failed(response.status(), &cause),
            None => this.failures.answered(),
        }
        for (name, value) in this.ids.take().into_iter().flatten() {
            response.headers_mut().insert(name, value);
        }
        Poll::Ready(Ok(response))
    }
}

fn trace_id(current: Option<String>, headers: &HeaderMap) -> HeaderValue {
    let current = current.as_deref().filter(|id| is_id(id, 32));
    let told = headers
        .get("traceparent")
        .and_then(|told| told.to_str().ok());
    current
        .or_else(|| trace_of(told?))
        .and_then(|id| HeaderValue::from_str(id).ok())
        .unwrap_or_else(made)
}

/// The trace id of a `traceparent` of W3C Trace Context; a later version may hold more than we know.
fn trace_of(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_version = is_hex(version, 2) && version != "ff";
    let is_whole = version != "00" || parts.next().is_none();
    let is_good = is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2);
    (is_version && is_whole && is_good).then_some(trace)
}

/// An id of nothing but zeros means that there is none.
fn is_id(text: &str, len: usize) -> bool {
    is_hex(text, len) && text.bytes().any(|b| b != b'0')
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// 16 random bytes, not all zero, in hex; they tell traces apart and keep no secret.
fn made() -> HeaderValue {
    HeaderValue::from_str(&format!("{:032x}", fastrand::u128(1..))).expect("hex digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        HeaderMap::from_iter([(HeaderName::from_static(name), value)])
    }

    #[test]
    fn a_traceparent_is_read_by_the_book() {
        let parent = "00f067aa0ba902b7";
        for good in [
            format!("00-{TRACE}-{parent}-01"),
            format!("cc-{TRACE}-{parent}-01-what-is-to-come"),
        ] {
            assert_eq!(trace_of(&good), Some(TRACE), "{good}");
        }
        for bad in [
            format!("ff-{TRACE}-{parent}-01"),
            format!("00-{TRACE}-{parent}-01-more"),
            format!("00-{TRACE}-{parent}"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{}-{parent}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}0-{parent}-01"),
            format!("0-{TRACE}-{parent}-01"),
            String::new(),
        ] {
            assert_eq!(trace_of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn the_running_trace_comes_before_the_callers() {
        let told = headers("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-00"));
        let current = "a".repeat(32);
        assert_eq!(trace_id(Some(current.clone()), &told), current);
        assert_eq!(trace_id(None, &told), TRACE);
        assert_eq!(trace_id(Some("0".repeat(32)), &told), TRACE);
        let made = trace_id(None, &headers("traceparent", "junk"));
        assert!(is_id(made.to_str().unwrap(), 32));
    }
}
