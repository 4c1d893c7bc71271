//! A gRPC call as it is counted and traced: to the end of its stream.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderValue, Response};

use super::{AccessLog, Open, Protocol, access::Entry, body::Observed};
use crate::{
    context::Who,
    server::{
        body::ResponseBody,
        incoming::Call,
        request_id::{is_sane, request_id, told},
    },
    telemetry::{Baggage, CallSpan, ServerCall, Telemetry, metrics::Calls},
};

/// Calls of gRPC.
#[derive(Debug)]
pub(in crate::server) enum Grpc {}

impl Protocol for Grpc {
    type Body = ResponseBody;
    type Observed = Observed;
    type Counter = Calls;

    fn span(telemetry: &Telemetry, counter: Option<&Arc<Calls>>, call: &Call) -> CallSpan {
        let known = ServerCall {
            path: call.request.uri().path(),
            peer: call.peer,
        };
        let timing = counter.map(|calls| calls.begun(known.path, call.at));
        telemetry
            .server(call.request.headers(), known)
            .timed_rpc(timing)
    }

    fn identify(telemetry: &Telemetry, call: &mut Call) -> Option<HeaderValue> {
        let baggage = telemetry.baggage(call.request.headers());
        call.baggage = match call.is_question() {
            true => baggage,
            false => identified(telemetry, call.request.headers(), baggage),
        };
        None
    }

    fn note(log: AccessLog, who: &Arc<Who>, call: &Call) -> Entry {
        match log.grpc {
            true => Entry::grpc(call, who),
            false => Entry::NONE,
        }
    }

    fn answered(answer: Response<ResponseBody>, open: Open) -> Response<Observed> {
        Observed::wrap(answer, open)
    }
}

/// The baggage of a call, with the id of its request. Who may say so in baggage may say anything.
fn identified(telemetry: &Telemetry, headers: &HeaderMap, baggage: Baggage) -> Baggage {
    let is_good = |id: Cow<'_, str>| is_sane(id.as_bytes());
    if baggage.request_id().is_some_and(is_good) {
        return baggage;
    }
    // Here it comes in. One that goes no further is made for nobody: each hop would have another.
    let id = match telemetry.hands_baggage_on() {
        true => Some(request_id(headers)),
        false => told(headers),
    };
    match id {
        Some(id) => baggage.with_request_id(&id),
        None => baggage.without_request_id(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::request_id::X_REQUEST_ID;

    /// The id of a call with this baggage and this header.
    fn id(baggage: &str, header: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("baggage", baggage.parse().unwrap());
        headers.insert(X_REQUEST_ID, header.parse().unwrap());
        let telemetry = Telemetry::disabled();
        let baggage = telemetry.baggage(&headers);
        let baggage = identified(&telemetry, &headers, baggage);
        assert_eq!(baggage.get("a").as_deref(), Some("1"), "the rest stays");
        baggage.request_id().unwrap().into_owned()
    }

    #[test]
    fn an_id_in_baggage_is_looked_at_as_one_in_a_header() {
        assert_eq!(id("request.id=r-1,a=1", "r-2"), "r-1");
        assert_eq!(id("request.id=a%2Cb,a=1", "r-2"), "a,b");
        let long = "x".repeat(129);
        for bad in ["", "two%20words", "%0Aline", "%C3%A9", "%ff", &long] {
            let baggage = format!("request.id={bad},a=1");
            assert_eq!(id(&baggage, "r-2"), "r-2", "{bad}");
            assert_eq!(id(&baggage, &long).len(), 32, "{bad}");
        }
    }
}
