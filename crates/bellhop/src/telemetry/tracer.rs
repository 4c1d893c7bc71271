//! The telemetry of one member: it decides, begins spans and flushes them.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, SystemTime},
};

use ::http::HeaderMap;
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceId},
};
use opentelemetry_sdk::{
    error::OTelSdkError,
    trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider, SpanData, SpanEvents, SpanLinks},
};
use opentelemetry_semantic_conventions::attribute::{RPC_METHOD, RPC_SYSTEM_NAME, SERVER_ADDRESS};

use super::{
    call::{ClientCall, HttpCall, ServerCall},
    http,
    kept::{Kept, is_kept, marked, unmarked},
    notes::Notes,
    propagation::{Baggage, Propagators},
    queue::{Losses, Queue},
    sampler::Sampler,
    span::{CallSpan, Protocol, Sink, push_peer},
};

/// Room for the attributes of a whole call, so that none of them makes the list grow.
const ATTRIBUTES: usize = 10;

/// What a method is called that could be anything.
pub(super) const OTHER: &str = "_OTHER";

/// A new random trace id, for an answer that has no trace to name.
#[must_use]
pub fn new_trace_id() -> TraceId {
    RandomIdGenerator::default().new_trace_id()
}

pub(super) fn new_span_id() -> SpanId {
    RandomIdGenerator::default().new_span_id()
}

/// Whether a request is somebody's work, and not a question after health: those come every second and are nobody's trace.
pub(crate) fn is_work(path: &str) -> bool {
    !path.starts_with("/grpc.") && !matches!(path, "/healthz" | "/readyz")
}

/// The collector did not take the last spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the collector did not take the last spans (waited {bound:?} at most)")]
pub struct Unflushed {
    /// How long they were offered at most.
    pub bound: Duration,
}

/// The telemetry of one member; clones share it.
///
/// Dropped without [`shutdown`](Self::shutdown), it loses the spans that are still queued.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    propagators: Propagators,
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    to: To,
    scope: InstrumentationScope,
    propagators: Propagators,
}

/// Where spans go.
#[derive(Debug)]
enum To {
    /// To a collector.
    Collector(Exporting),
    /// Nowhere: some are kept here.
    Memory(Arc<Kept>),
}

#[derive(Debug)]
struct Exporting {
    sampler: Sampler,
    queue: Arc<Queue>,
    provider: SdkTracerProvider,
}

/// What a span is of, as far as it matters for the decision.
#[derive(Clone, Copy)]
enum Side<'a> {
    Request(&'a HeaderMap),
    Served,
    Called,
}

/// How a span begins.
pub(super) struct Begin {
    pub(super) kind: SpanKind,
    pub(super) protocol: Protocol,
    pub(super) name: Cow<'static, str>,
    pub(super) attributes: Vec<KeyValue>,
}

impl Telemetry {
    /// Records nothing; traces of others pass through.
    #[must_use]
    pub fn disabled() -> Self {
        Self::default()
    }

    /// Records nothing, and passes on in these forms what others record.
    pub(super) fn passing(propagators: Propagators) -> Self {
        Self {
            propagators,
            inner: None,
        }
    }

    pub(super) fn new(
        sampler: Sampler,
        queue: Arc<Queue>,
        provider: SdkTracerProvider,
        propagators: Propagators,
    ) -> Self {
        let exporting = Exporting {
            sampler,
            queue,
            provider,
        };
        Self::recording(To::Collector(exporting), propagators)
    }

    /// Keeps some spans here, and sends none away.
    pub(super) fn keeping(kept: Arc<Kept>, propagators: Propagators) -> Self {
        Self::recording(To::Memory(kept), propagators)
    }

    fn recording(to: To, propagators: Propagators) -> Self {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let inner = Inner {
            to,
            scope,
            propagators,
        };
        Self {
            propagators,
            inner: Some(Arc::new(inner)),
        }
    }

    fn exporting(&self) -> Option<&Exporting> {
        match &self.inner.as_ref()?.to {
            To::Collector(exporting) => Some(exporting),
            To::Memory(_) => None,
        }
    }

    /// Whether any span may be sent to a collector.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.exporting().is_some()
    }

    /// Makes tracers for an application's own spans, exported along with ours and sampled alike; `None` where telemetry is
    /// disabled. [`CallSpan::otel_context`] is their parent.
    #[must_use]
    pub fn provider(&self) -> Option<&SdkTracerProvider> {
        self.exporting().map(|exporting| &exporting.provider)
    }

    /// What is lost on its way to the collector; `None` where nothing is sent.
    pub(crate) fn losses(&self) -> Option<&Arc<Losses>> {
        self.exporting().map(|exporting| exporting.queue.losses())
    }

    /// Begins the server's side of a gRPC call.
    pub fn server(&self, headers: &HeaderMap, call: ServerCall<'_>) -> CallSpan {
        let parent = self.propagators.extract(headers);
        self.begin(Side::Served, call.path, parent, || {
            let (name, mut attributes) = grpc(call.path);
            if let Some(peer) = call.peer {
                push_peer(&mut attributes, peer);
            }
            Begin {
                kind: SpanKind::Server,
                protocol: Protocol::Grpc,
                name,
                attributes,
            }
        })
    }

    /// Begins the client's side of a gRPC call, or of one attempt of it, within the span `parent`.
    pub fn client(&self, parent: &SpanContext, call: ClientCall<'_>) -> CallSpan {
        self.begin(Side::Called, call.path, parent.clone(), || client(call))
    }

    /// Where more can be noted of a client's call to `service`; `None` where the call is not recorded.
    pub(crate) fn notes(&self, span: &mut CallSpan, service: &Arc<str>) -> Option<Notes> {
        span.note(self.inner.as_ref()?, service)
    }

    /// The baggage of a request that came in.
    #[must_use]
    pub fn baggage(&self, headers: &HeaderMap) -> Baggage {
        self.propagators.baggage(headers)
    }

    /// Whether requests that go out carry the baggage of those that came in.
    pub(crate) fn hands_baggage_on(&self) -> bool {
        self.propagators.sends_baggage()
    }

    /// Hands baggage on with a request that goes out, unless that has some of its own.
    pub fn inject_baggage(&self, baggage: &Baggage, headers: &mut HeaderMap) {
        self.propagators.inject_baggage(baggage, headers);
    }

    /// Begins the server's side of an HTTP request.
    pub fn http_server(&self, headers: &HeaderMap, call: HttpCall<'_>) -> CallSpan {
        let parent = self.propagators.extract(headers);
        self.begin(Side::Request(headers), call.path, parent, || {
            http::begin(headers, &call)
        })
    }

    /// Sends what is queued, waits for that no longer than `bound`, and records nothing from then on.
    ///
    /// # Errors
    /// Where the collector refused the last spans, or did not take them in time.
    pub async fn shutdown(&self, bound: Duration) -> Result<(), Unflushed> {
        let Some(Exporting {
            provider, queue, ..
        }) = self.exporting()
        else {
            return Ok(());
        };
        let (provider, queue) = (provider.clone(), queue.clone());
        let flushed = tokio::task::spawn_blocking(move || {
            // Its processor is shared and stays up: this only stops the application's tracers.
            let _ = provider.shutdown();
            let ended = queue.shutdown(bound);
            matches!(ended, Ok(()) | Err(OTelSdkError::AlreadyShutdown)) && queue.losses().is_well()
        });
        match tokio::time::timeout(bound, flushed).await {
            Ok(Ok(true)) => Ok(()),
            _ => Err(Unflushed { bound }),
        }
    }

    /// The decision; `begin` runs only where it is a yes.
    fn begin(
        &self,
        side: Side<'_>,
        path: &str,
        parent: SpanContext,
        begin: impl FnOnce() -> Begin,
    ) -> CallSpan {
        let parent = match side {
            Side::Request(_) => unmarked(parent),
            Side::Served | Side::Called => parent,
        };
        let inner = self.inner.as_ref();
        let Some(inner) = inner.filter(|_| parent.is_valid() || is_work(path)) else {
            return CallSpan::silent(parent, self.propagators);
        };
        match &inner.to {
            To::Collector(exporting) => inner.sample(&exporting.sampler, parent, begin),
            To::Memory(kept) if side.is_kept(kept, path, &parent) => inner.keep(&parent, begin),
            To::Memory(_) => CallSpan::silent(parent, self.propagators),
        }
    }
}

impl Side<'_> {
    fn is_kept(self, kept: &Kept, path: &str, parent: &SpanContext) -> bool {
        match self {
            Self::Request(headers) => kept.keeps_request(path, headers),
            Self::Served => kept.keeps_served(parent),
            Self::Called => kept.keeps_called(parent),
        }
    }
}

impl Inner {
    /// Begins a span of a trace that goes to a collector, where the sampler says so.
    fn sample(
        &self,
        sampler: &Sampler,
        parent: SpanContext,
        begin: impl FnOnce() -> Begin,
    ) -> CallSpan {
        // Who keeps a trace in memory has no collector and decides nothing for those who have one.
        let is_kept = !parent.is_sampled() && parent.is_remote() && is_kept(&parent);
        let trace_id = trace_of(&parent);
        let sampled = match is_kept {
            true => sampler.samples(&SpanContext::NONE, trace_id),
            false => sampler.samples(&parent, trace_id),
        };
        if !sampled && parent.is_valid() && !parent.is_sampled() {
            // Nothing changes, and the standard lets it pass as it is.
            return CallSpan::silent(parent, self.propagators);
        }
        let context = SpanContext::new(
            trace_id,
            new_span_id(),
            parent.trace_flags().with_sampled(sampled),
            false,
            parent.trace_state().clone(),
        );
        match sampled {
            // The collector has never heard of the span above it.
            true if is_kept => self.record(&SpanContext::NONE, context, begin()),
            true => self.record(&parent, context, begin()),
            false => CallSpan::silent(context, self.propagators),
        }
    }

    /// Begins a span of a trace that is kept here. Whether others record it is not for this member to say.
    fn keep(&self, parent: &SpanContext, begin: impl FnOnce() -> Begin) -> CallSpan {
        let context = SpanContext::new(
            trace_of(parent),
            new_span_id(),
            parent.trace_flags(),
            false,
            marked(parent.trace_state()),
        );
        self.record(parent, context, begin())
    }

    /// The client's side of a call, or of one attempt of it.
    pub(super) fn record_client(
        &self,
        parent: &SpanContext,
        context: SpanContext,
        call: ClientCall<'_>,
    ) -> CallSpan {
        self.record(parent, context, client(call))
    }

    fn record(&self, parent: &SpanContext, span_context: SpanContext, begin: Begin) -> CallSpan {
        let now = SystemTime::now();
        let data = SpanData {
            span_context,
            parent_span_id: parent.span_id(),
            parent_span_is_remote: parent.is_remote(),
            span_kind: begin.kind,
            name: begin.name,
            start_time: now,
            end_time: now,
            attributes: begin.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        };
        let sink = match &self.to {
            To::Collector(exporting) => Sink::Queue(exporting.queue.clone()),
            To::Memory(kept) => Sink::Kept(kept.clone()),
        };
        CallSpan::recording(data, begin.protocol, sink, self.propagators)
    }
}

/// The trace to go on with, else a new one.
fn trace_of(parent: &SpanContext) -> TraceId {
    match parent.is_valid() {
        true => parent.trace_id(),
        false => new_trace_id(),
    }
}

fn client(call: ClientCall<'_>) -> Begin {
    let (name, mut attributes) = grpc(call.path);
    attributes.push(KeyValue::new(SERVER_ADDRESS, call.service.to_owned()));
    Begin {
        kind: SpanKind::Client,
        protocol: Protocol::Grpc,
        name,
        attributes,
    }
}

/// The name of a gRPC span, and the attributes that both sides have.
fn grpc(path: &str) -> (Cow<'static, str>, Vec<KeyValue>) {
    let method = path.strip_prefix('/').unwrap_or(path);
    let mut attributes = Vec::with_capacity(ATTRIBUTES);
    attributes.push(KeyValue::new(RPC_SYSTEM_NAME, "grpc"));
    attributes.push(KeyValue::new(RPC_METHOD, method.to_owned()));
    (method.to_owned().into(), attributes)
}
