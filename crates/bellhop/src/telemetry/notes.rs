//! What happens to a call that is recorded, wherever in the client stack it happens.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::SystemTime,
};

use opentelemetry::{
    KeyValue,
    trace::{Event, SpanContext, SpanId, SpanKind},
};
use opentelemetry_sdk::trace::SpanEvents;
use tonic::Code;

use super::{
    call::ClientCall,
    span::CallSpan,
    tracer::{Inner, new_span_id},
};
use crate::endpoint::Peer;

/// More events than this on one span say nothing new; the rest is counted.
const MAX_EVENTS: usize = 128;

/// What kind of attempt a span is of.
const ATTEMPT: &str = "bellhop.attempt";

/// The notes on one call, an extension of its request; a clone is the same.
///
/// A call with one attempt is one span. With the second one, its first attempt becomes a span of its own, under the id that the
/// other side has been told, and the call a span around all of them.
#[derive(Clone, Debug)]
pub(crate) struct Notes(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    telemetry: Arc<Inner>,
    service: Arc<str>,
    /// The call's span, and that of its first attempt.
    first: SpanContext,
    start: SystemTime,
    /// The span around the attempts, once there are several.
    around: OnceLock<SpanId>,
    events: Mutex<SpanEvents>,
    /// Whom it was sent to last.
    peer: Mutex<Option<Arc<Peer>>>,
    /// The attempt whose answer is the call's.
    answering: Mutex<Option<CallSpan>>,
}

/// What the span of a call is.
pub(super) enum Own {
    /// Its only attempt, and whom that went to.
    Only(Option<Arc<Peer>>),
    /// One around its attempts, which tell whom they went to.
    Around(SpanContext, SpanKind),
}

impl Notes {
    pub(super) fn new(
        telemetry: Arc<Inner>,
        service: Arc<str>,
        first: SpanContext,
        start: SystemTime,
    ) -> Self {
        Self(Arc::new(Noted {
            telemetry,
            service,
            first,
            start,
            around: OnceLock::new(),
            events: Mutex::default(),
            peer: Mutex::default(),
            answering: Mutex::default(),
        }))
    }

    /// Something that happened to the call.
    pub(crate) fn event(&self, name: &'static str, attributes: Vec<KeyValue>) {
        add(&mut lock(&self.0.events), name, attributes);
    }

    /// It goes to this instance, which may never answer.
    pub(crate) fn sent_to(&self, peer: &Arc<Peer>) {
        *lock(&self.0.peer) = Some(peer.clone());
    }

    /// The span of the first attempt, now that there are to be more; the call itself gets another id.
    pub(crate) fn first_attempt(&self, path: &str) -> CallSpan {
        let noted = &self.0;
        let around = *noted.around.get_or_init(new_span_id);
        let context = noted.first.clone();
        self.span(around, context, path, noted.start, "first")
    }

    /// The span of a further attempt, which begins.
    pub(crate) fn attempt(&self, path: &str, kind: &'static str) -> CallSpan {
        let noted = &self.0;
        let around = *noted.around.get_or_init(new_span_id);
        let context = with_id(&noted.first, new_span_id());
        self.span(around, context, path, SystemTime::now(), kind)
    }

    fn span(
        &self,
        around: SpanId,
        context: SpanContext,
        path: &str,
        start: SystemTime,
        kind: &'static str,
    ) -> CallSpan {
        let call = ClientCall {
            path,
            service: &self.0.service,
        };
        let parent = with_id(&context, around);
        let mut span = self.0.telemetry.record_client(&parent, context, call);
        span.set(KeyValue::new(ATTEMPT, kind));
        span.begun_at(start);
        span
    }

    /// This attempt's answer is the call's, and ends with it.
    pub(crate) fn answered_by(&self, span: CallSpan) {
        *lock(&self.0.answering) = Some(span);
    }

    /// Ends the attempt that has answered, and says what the call's own span is to be, and what happened.
    pub(super) fn end(&self, code: Code) -> (Own, SpanEvents) {
        if let Some(span) = lock(&self.0.answering).take() {
            span.end_grpc(code);
        }
        let own = match self.0.around.get() {
            Some(id) => Own::Around(with_id(&self.0.first, *id), SpanKind::Internal),
            None => Own::Only(lock(&self.0.peer).take()),
        };
        (own, std::mem::take(&mut lock(&self.0.events)))
    }
}

/// Adds an event, or counts it where there are too many.
pub(super) fn add(events: &mut SpanEvents, name: &'static str, attributes: Vec<KeyValue>) {
    if events.events.len() < MAX_EVENTS {
        let event = Event::new(name, SystemTime::now(), attributes, 0);
        events.events.push(event);
    } else {
        events.dropped_count += 1;
    }
}

fn with_id(context: &SpanContext, id: SpanId) -> SpanContext {
    SpanContext::new(
        context.trace_id(),
        id,
        context.trace_flags(),
        false,
        context.trace_state().clone(),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
