//! An HTTP request as it is counted and traced: to the head of its answer.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, header::HOST, uri::Authority};
use http_body::Body;

use super::{AccessLog, Open, Protocol, access::Entry, refused};
use crate::{
    context::Who,
    limit::BehindProxy,
    server::{
        app::{HttpBody, HttpRoute, QueryParameters, SpanEvent},
        incoming::Call,
        request_id::{X_REQUEST_ID, request_id},
    },
    telemetry::{CallSpan, HttpCall, Telemetry, metrics::Requests},
};

/// Whom the client asks, as it says.
fn authority<B>(request: &Request<B>) -> Option<&str> {
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok());
    host.or_else(|| request.uri().authority().map(Authority::as_str))
}

/// Requests of HTTP.
#[derive(Debug)]
pub(in crate::server) enum Http {}

impl Protocol for Http {
    type Body = HttpBody;
    type Observed = HttpBody;
    type Counter = Requests;

    fn span(telemetry: &Telemetry, counter: Option<&Arc<Requests>>, call: &Call) -> CallSpan {
        let request = &call.request;
        let known = HttpCall {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            scheme: "http",
            authority: authority(request),
            version: request.version(),
            peer: call.peer,
        };
        let timing = counter.map(|requests| requests.begun(known.method, call.at));
        telemetry
            .http_server(request.headers(), known)
            .timed_http(timing)
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

    fn note(log: AccessLog, who: &Arc<Who>, call: &Call) -> Entry {
        match log.http {
            true => Entry::http(call, who),
            false => Entry::NONE,
        }
    }

    fn answered(mut answer: Response<HttpBody>, mut open: Open) -> Response<HttpBody> {
        if let Some(id) = open.request_id {
            answer.headers_mut().entry(X_REQUEST_ID).or_insert(id);
        }
        let extensions = answer.extensions();
        if let Some(SpanEvent(name)) = extensions.get() {
            open.span.event(name);
        }
        if let Some(limiter) = refused(answer.headers()).or_else(|| extensions.get().copied()) {
            open.span.refused(limiter);
        }
        if let Some(QueryParameters(names)) = extensions.get() {
            open.span.tell_query(names);
        }
        if let Some(BehindProxy(client)) = extensions.get() {
            open.span.set_client(*client);
        }
        let (status, length) = (answer.status(), answer.body().size_hint().exact());
        let route = extensions.get().map(|HttpRoute(route)| *route);
        open.span.end_http(status, route);
        let entry = open.entry.answering(status, route, length);
        answer.body_mut().note(entry);
        answer
    }
}
