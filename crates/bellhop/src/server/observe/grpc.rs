//! A gRPC call as it is counted and traced: to the end of its stream.

use std::sync::Arc;

use http::{HeaderValue, Response};

use super::{AccessLog, Open, Protocol, access::Entry, body::Observed};
use crate::{
    context::Who,
    server::{body::ResponseBody, incoming::Call, request_id::request_id},
    telemetry::{CallSpan, ServerCall, Telemetry, metrics::Calls},
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
            peer: Some(call.peer),
        };
        let timing = counter.map(|calls| calls.begin(known.path));
        telemetry
            .server(call.request.headers(), known)
            .timed_rpc(timing)
    }

    fn identify(telemetry: &Telemetry, call: &mut Call) -> Option<HeaderValue> {
        let headers = call.request.headers();
        let baggage = telemetry.baggage(headers);
        call.baggage = match call.is_question() || baggage.has_request_id() {
            true => baggage,
            // Here it comes in.
            false => baggage.with_request_id(&request_id(headers)),
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
