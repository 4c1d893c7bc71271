//! An HTTP request as it is counted and traced: to the head of its answer.

use http::{HeaderValue, Response};

use super::{Open, Protocol};
use crate::{
    server::{
        app::{HttpBody, HttpRoute, SpanEvent},
        incoming::Call,
        request_id::{X_REQUEST_ID, request_id},
    },
    telemetry::{CallSpan, HttpCall, Telemetry},
};

/// Requests of HTTP.
#[derive(Debug)]
pub(in crate::server) enum Http {}

impl Protocol for Http {
    type Body = HttpBody;
    type Observed = HttpBody;

    fn span(telemetry: &Telemetry, call: &Call) -> CallSpan {
        let request = &call.request;
        let known = HttpCall {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            scheme: "http",
            peer: Some(call.peer),
        };
        telemetry.http_server(request.headers(), known)
    }

    fn identify(telemetry: &Telemetry, call: &mut Call) -> Option<HeaderValue> {
        if call.is_question() {
            return None;
        }
        let headers = call.request.headers_mut();
        let baggage = telemetry.baggage(headers);
        let id = request_id(headers);
        // The handler sees the same id.
        headers.insert(X_REQUEST_ID, id.clone());
        call.baggage = baggage.with_request_id(&id);
        Some(id)
    }

    fn answered(mut answer: Response<HttpBody>, mut open: Open) -> Response<HttpBody> {
        if let Some(id) = open.request_id {
            answer.headers_mut().entry(X_REQUEST_ID).or_insert(id);
        }
        let extensions = answer.extensions();
        if let Some(SpanEvent(name)) = extensions.get() {
            open.span.event(name);
        }
        let route = extensions.get().map(|HttpRoute(route)| *route);
        open.span.end_http(answer.status(), route);
        answer
    }
}
