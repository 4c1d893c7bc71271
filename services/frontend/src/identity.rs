//! Tells every answer's request id and trace id, and the log why a request failed.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use bellhop::server::{X_REQUEST_ID, request_id};

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
pub(crate) async fn tell(State(teller): State<Teller>, request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers());
    let trace_id = trace_id((teller.trace_id)(), request.headers());

    // Whatever is answered, it carries the ids.
    let mut response = guard::caught(next.run(request)).await;
    match response.extensions_mut().remove() {
        Some(Cause(cause)) => teller.failures.failed(response.status(), &cause),
        None => teller.failures.answered(),
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, request_id);
    headers.insert(TRACE_ID, trace_id);
    response
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
