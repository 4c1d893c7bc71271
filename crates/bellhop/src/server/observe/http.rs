//! An HTTP request as it is counted and traced: to the head of its answer.

use http::Response;

use super::{Open, Protocol};
use crate::{
    server::{
        app::{HttpBody, HttpRoute, SpanEvent},
        incoming::Call,
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

    fn answered(answer: Response<HttpBody>, mut open: Open) -> Response<HttpBody> {
        let extensions = answer.extensions();
        if let Some(SpanEvent(name)) = extensions.get() {
            open.span.event(name);
        }
        let route = extensions.get().map(|HttpRoute(route)| *route);
        open.span.end_http(answer.status(), route);
        answer
    }
}
