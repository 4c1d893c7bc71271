//! The span of one call.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::SystemTime,
};

use ::http::{HeaderMap, HeaderValue, StatusCode};
use opentelemetry::{
    Array, Context, KeyValue, Value,
    trace::{SpanContext, SpanKind, TraceContextExt},
};
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, NETWORK_PEER_ADDRESS,
    NETWORK_PEER_PORT, RPC_METHOD, RPC_METHOD_ORIGINAL, RPC_RESPONSE_STATUS_CODE, URL_QUERY,
};
use tonic::Code;

use super::{
    http,
    kept::Kept,
    metrics::{HttpTiming, LIMITER, Limiter, RpcTiming},
    notes::{self, Notes, Own},
    propagation::Propagators,
    queue::Queue,
    status::{code_name, failed, is_error},
    tracer::{Inner, OTHER},
};

/// The id of a request, as the conventions name a header.
const REQUEST_ID: &str = "http.request.header.x-request-id";

/// Which instance a client's call went to: its id in the registry.
pub(crate) const ENDPOINT_ID: &str = "bellhop.endpoint.id";

/// One side of a call, from its beginning to its end.
///
/// Where nothing is recorded it is only the context to hand on, and every method costs a branch. Dropped before its end,
/// it ends as cancelled: that is what dropping the future of a call means.
#[derive(Debug)]
#[must_use = "a span that is dropped ends as cancelled"]
pub struct CallSpan {
    context: SpanContext,
    propagators: Propagators,
    // Boxed: most spans are not recorded, and those that pass through futures should be small.
    recording: Option<Box<Recording>>,
    timing: Option<Timing>,
}

/// What is counted of a call, recorded or not.
#[derive(Debug)]
enum Timing {
    Rpc(RpcTiming),
    Http(HttpTiming),
}

#[derive(Debug)]
struct Recording {
    data: SpanData,
    protocol: Protocol,
    sink: Sink,
    notes: Option<Notes>,
    /// Whether a server has such a method.
    is_known: bool,
    /// Whether the query holds nothing but what may be told.
    tells_query: bool,
}

/// Where a span goes when it ends.
#[derive(Clone, Debug)]
pub(super) enum Sink {
    Queue(Arc<Queue>),
    Kept(Arc<Kept>),
}

/// Whose conventions name the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Grpc,
    Http,
}

impl CallSpan {
    /// A span that only hands a context on.
    pub(super) fn silent(context: SpanContext, propagators: Propagators) -> Self {
        Self {
            context,
            propagators,
            recording: None,
            timing: None,
        }
    }

    /// A span that goes into `sink` when it ends.
    pub(super) fn recording(
        data: SpanData,
        protocol: Protocol,
        sink: Sink,
        propagators: Propagators,
    ) -> Self {
        Self {
            context: data.span_context.clone(),
            propagators,
            recording: Some(Box::new(Recording {
                data,
                protocol,
                sink,
                notes: None,
                is_known: false,
                tells_query: false,
            })),
            timing: None,
        }
    }

    /// The same, whose duration and end are counted too.
    pub(crate) fn timed_rpc(mut self, timing: Option<RpcTiming>) -> Self {
        self.timing = timing.map(Timing::Rpc);
        self
    }

    /// The same, whose duration and end are counted too.
    pub(crate) fn timed_http(mut self, timing: Option<HttpTiming>) -> Self {
        self.timing = timing.map(Timing::Http);
        self
    }

    /// Has more noted of the call while it goes through the stack.
    pub(super) fn note(&mut self, telemetry: &Arc<Inner>, service: &Arc<str>) -> Option<Notes> {
        let recording = self.recording.as_mut()?;
        let start = recording.data.start_time;
        let notes = Notes::new(
            telemetry.clone(),
            service.clone(),
            self.context.clone(),
            start,
        );
        recording.notes = Some(notes.clone());
        Some(notes)
    }

    /// Adds an attribute.
    pub(crate) fn set(&mut self, attribute: KeyValue) {
        if let Some(recording) = &mut self.recording {
            recording.data.attributes.push(attribute);
        }
    }

    /// Says that it began earlier.
    pub(super) fn begun_at(&mut self, start: SystemTime) {
        if let Some(recording) = &mut self.recording {
            recording.data.start_time = start;
        }
    }

    /// The call was one too many.
    pub(crate) fn refused(&mut self, limiter: Limiter) {
        self.event_with("bellhop.refused", || {
            vec![KeyValue::new(LIMITER, limiter.name())]
        });
        match &self.timing {
            Some(Timing::Rpc(timing)) => timing.refused(limiter),
            Some(Timing::Http(timing)) => timing.refused(limiter),
            None => {}
        }
    }

    /// The method was there.
    pub(crate) fn handled(&mut self) {
        if let Some(Timing::Rpc(timing)) = &mut self.timing {
            timing.handled();
        }
        if let Some(recording) = &mut self.recording {
            recording.is_known = true;
        }
    }

    /// The span to hand down to what the call does; invalid where there is no trace.
    #[must_use]
    pub fn context(&self) -> &SpanContext {
        &self.context
    }

    /// Whether anything is kept of this span.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Writes the headers of an outgoing request that continue the trace.
    pub fn inject(&self, headers: &mut HeaderMap) {
        self.propagators.inject(&self.context, headers);
    }

    /// A context of the OpenTelemetry API with this span in it, for the spans that handlers make through that API; `None`
    /// where nothing is recorded.
    #[must_use]
    pub fn otel_context(&self) -> Option<Context> {
        self.is_recording()
            .then(|| Context::current().with_remote_span_context(self.context.clone()))
    }

    /// The endpoint that was picked: its address and its id in the registry.
    pub fn set_endpoint(&mut self, address: SocketAddr, instance: &str) {
        if let Some(recording) = &mut self.recording {
            recording.set_endpoint(address, instance);
        }
    }

    /// The id of the request, as the conventions have a header.
    pub(crate) fn set_request_id(&mut self, id: &HeaderValue) {
        if let Some(recording) = &mut self.recording
            && let Ok(id) = id.to_str()
        {
            let ids = Array::String(vec![id.to_owned().into()]);
            let attribute = KeyValue::new(REQUEST_ID, Value::Array(ids));
            recording.data.attributes.push(attribute);
        }
    }

    /// The client of a request, where that is not the other end of the connection.
    pub(crate) fn set_client(&mut self, client: IpAddr) {
        let attributes = self.attributes();
        let known = attributes.and_then(|mut all| all.find(|it| it.key.as_str() == CLIENT_ADDRESS));
        if let Some(known) = known {
            known.value = client.to_string().into();
        }
    }

    /// Of the query of a request, tells these parameters; without this nothing.
    pub fn tell_query(&mut self, names: &[&str]) {
        let Some(recording) = &mut self.recording else {
            return;
        };
        let attributes = &mut recording.data.attributes;
        recording.tells_query = true;
        attributes.retain_mut(|attribute| {
            if attribute.key.as_str() != URL_QUERY {
                return true;
            }
            let told = http::told(&attribute.value.as_str(), names);
            let is_told = told.is_some();
            attribute.value = told.unwrap_or_default().into();
            is_told
        });
    }

    fn attributes(&mut self) -> Option<impl Iterator<Item = &mut KeyValue>> {
        let recording = self.recording.as_mut()?;
        Some(recording.data.attributes.iter_mut())
    }

    /// Something that happened during the call.
    pub fn event(&mut self, name: &'static str) {
        self.event_with(name, Vec::new);
    }

    fn event_with(&mut self, name: &'static str, attributes: impl FnOnce() -> Vec<KeyValue>) {
        if let Some(recording) = &mut self.recording {
            notes::add(&mut recording.data.events, name, attributes());
        }
    }

    /// Ends a gRPC call by its code.
    pub fn end_grpc(mut self, code: Code) {
        self.count(Some(code), None, None);
        if let Some(recording) = self.recording.take() {
            recording.end_grpc(code);
        }
    }

    /// Ends an HTTP request by its status; `route` is the template that matched, as in `/users/{id}`.
    pub fn end_http(mut self, status: StatusCode, route: Option<&'static str>) {
        self.count(None, Some(status), route);
        if let Some(recording) = self.recording.take() {
            recording.end_http(status, route);
        }
    }

    /// Counts the call, once; without a code and a status it was cancelled.
    fn count(
        &mut self,
        code: Option<Code>,
        status: Option<StatusCode>,
        route: Option<&'static str>,
    ) {
        let span = self.recording.is_some().then_some(&self.context);
        // What is kept in memory only is in no store that exemplars could lead to.
        let span = span.filter(|context| context.is_sampled());
        match self.timing.take() {
            Some(Timing::Rpc(timing)) => timing.end(code.unwrap_or(Code::Cancelled), span),
            Some(Timing::Http(timing)) => timing.end(status, route, span),
            None => {}
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        self.count(None, None, None);
        if let Some(recording) = self.recording.take() {
            recording.cancel();
        }
    }
}

impl Recording {
    fn end_grpc(mut self: Box<Self>, code: Code) {
        self.conclude(code);
        if code == Code::Unimplemented && !self.is_known {
            self.disown();
        }
        let name = code_name(code);
        let attributes = &mut self.data.attributes;
        attributes.push(KeyValue::new(RPC_RESPONSE_STATUS_CODE, name));
        if is_error(code, &self.data.span_kind) {
            attributes.push(KeyValue::new(ERROR_TYPE, name));
            self.data.status = failed();
        }
        self.export();
    }

    /// A server that does not know the method has no name for it: anybody can invent some.
    fn disown(&mut self) {
        if self.data.span_kind != SpanKind::Server {
            return;
        }
        let attributes = self.data.attributes.iter_mut();
        for attribute in attributes.filter(|attribute| attribute.key.as_str() == RPC_METHOD) {
            *attribute = KeyValue::new(RPC_METHOD_ORIGINAL, attribute.value.clone());
        }
        self.data.attributes.push(KeyValue::new(RPC_METHOD, OTHER));
        self.data.name = "grpc".into();
    }

    fn set_endpoint(&mut self, address: SocketAddr, instance: &str) {
        let attributes = &mut self.data.attributes;
        push_peer(attributes, address);
        attributes.push(KeyValue::new(ENDPOINT_ID, instance.to_owned()));
    }

    /// Takes over what was noted on the way.
    fn conclude(&mut self, code: Code) {
        let Some(notes) = self.notes.take() else {
            return;
        };
        let (own, events) = notes.end(code);
        match own {
            Own::Around(context, kind) => {
                (self.data.span_context, self.data.span_kind) = (context, kind);
            }
            Own::Only(Some(peer)) => self.set_endpoint(peer.address, peer.id.as_str()),
            Own::Only(None) => {}
        }
        let own = &mut self.data.events;
        own.dropped_count += events.dropped_count;
        own.events.extend(events.events);
    }

    fn end_http(mut self: Box<Self>, status: StatusCode, route: Option<&str>) {
        self.drop_query();
        let attributes = &mut self.data.attributes;
        attributes.push(KeyValue::new(
            HTTP_RESPONSE_STATUS_CODE,
            i64::from(status.as_u16()),
        ));
        if let Some(route) = route {
            attributes.push(KeyValue::new(HTTP_ROUTE, route.to_owned()));
            self.data.name = format!("{} {route}", self.data.name).into();
        }
        if status.is_server_error() {
            attributes.push(KeyValue::new(ERROR_TYPE, status.as_str().to_owned()));
            self.data.status = failed();
        }
        self.export();
    }

    /// The caller went away. That is no failure of a server, so only a gRPC client, whose conventions say so, counts it
    /// as one.
    fn cancel(mut self: Box<Self>) {
        match self.protocol {
            Protocol::Grpc => self.end_grpc(Code::Cancelled),
            Protocol::Http => {
                self.drop_query();
                notes::add(&mut self.data.events, "bellhop.client_left", Vec::new());
                self.export();
            }
        }
    }

    /// A query may hold anything, but where the application has said what.
    fn drop_query(&mut self) {
        if !self.tells_query {
            let attributes = &mut self.data.attributes;
            attributes.retain(|attribute| attribute.key.as_str() != URL_QUERY);
        }
    }

    fn export(self: Box<Self>) {
        let Self { mut data, sink, .. } = *self;
        // The clock of the system may be set back meanwhile.
        data.end_time = SystemTime::now().max(data.start_time);
        match sink {
            Sink::Queue(queue) => queue.push(data),
            Sink::Kept(kept) => kept.push(data),
        }
    }
}

/// The other end of the connection.
pub(super) fn push_peer(attributes: &mut Vec<KeyValue>, peer: SocketAddr) {
    attributes.push(KeyValue::new(NETWORK_PEER_ADDRESS, peer.ip().to_string()));
    attributes.push(KeyValue::new(NETWORK_PEER_PORT, i64::from(peer.port())));
}
