//! Spans kept in memory where no collector is told of them, so that whoever looks at the mesh page sees traces all the same.
//!
//! Whoever shows traces begins them: a member that was told [which requests](Kept::begin_with) to keep decides at each of these, and
//! no more often than [`Admission`] allows. The others keep what belongs to a trace that is kept: a call says so in its `tracestate`
//! (`bellhop=kept`), beside a `traceparent` that is not sampled. What is not kept costs such a member nothing, and its callees no header.

mod admission;
mod store;
#[cfg(test)]
mod tests;
mod told;

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, TraceId, TraceState};
use opentelemetry_sdk::trace::SpanData;
use tokio::time::Instant;

pub(crate) use self::told::{KeptSpan, KeptTrace};
use self::{admission::Admission, store::Store};
use crate::explain;

/// The entry of the `tracestate` that says that a trace is kept.
const KEY: &str = "bellhop";
const VALUE: &str = "kept";

/// What a member keeps of the traces that it took part in.
#[derive(Debug)]
pub(crate) struct Kept {
    store: Mutex<Store>,
    admission: Admission,
    /// Which requests begin a trace, by their path; none where nobody has said so.
    begins: OnceLock<fn(&str) -> bool>,
    /// How many look at traces now.
    watched: AtomicUsize,
}

/// Somebody who looks at traces, until this is dropped.
#[derive(Debug)]
pub(crate) struct Watched(Arc<Kept>);

impl Kept {
    /// Room for the spans of so many traces.
    pub(super) fn new(traces: usize) -> Self {
        Self {
            store: Mutex::new(Store::new(traces)),
            admission: Admission::new(Instant::now()),
            begins: OnceLock::new(),
            watched: AtomicUsize::new(0),
        }
    }

    /// Begins a trace with requests for these paths, as often as is allowed.
    pub(crate) fn begin_with(&self, begins: fn(&str) -> bool) {
        // The first to say so decides; a member has one application.
        let _ = self.begins.set(begins);
    }

    /// Keeps more for as long as somebody looks.
    pub(crate) fn watch(self: &Arc<Self>) -> Watched {
        self.watched.fetch_add(1, Relaxed);
        Watched(self.clone())
    }

    /// Whether to keep an HTTP request.
    pub(super) fn keeps_request(&self, path: &str, headers: &HeaderMap) -> bool {
        let begins = self.begins.get().is_some_and(|begins| begins(path));
        if !begins {
            return false;
        }
        let is_watched = self.watched.load(Relaxed) > 0;
        self.admission
            .begins(Instant::now(), is_watched, || explain::asked(headers))
    }

    /// Whether to keep a call that came in.
    pub(super) fn keeps_served(&self, parent: &SpanContext) -> bool {
        is_kept(parent) && self.admission.follows(Instant::now())
    }

    /// Whether to keep a call that goes out, within a span of this member or none.
    pub(super) fn keeps_called(&self, parent: &SpanContext) -> bool {
        !parent.is_remote() && is_kept(parent)
    }

    /// Keeps a span that has ended.
    pub(super) fn push(&self, span: SpanData) {
        self.store().push(span);
    }

    /// The last traces, latest first: those with a call or request that this member has served.
    pub(crate) fn traces(&self) -> Vec<KeptTrace> {
        self.store()
            .served()
            .map(|(span, spans)| KeptTrace::new(span, spans))
            .collect()
    }

    /// The spans of a trace, in the order of their ends.
    pub(crate) fn spans(&self, trace: TraceId, service: &str, instance: &str) -> Vec<KeptSpan> {
        let store = self.store();
        let spans = store.of(trace).iter();
        spans
            .map(|span| KeptSpan::new(span, service, instance))
            .collect()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.watched.fetch_sub(1, Relaxed);
    }
}

/// A trace by its id in 32 hex digits.
pub(crate) fn trace_id(text: &str) -> Option<TraceId> {
    let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = TraceId::from_hex(text).ok().filter(|_| is_id)?;
    (id != TraceId::INVALID).then_some(id)
}

pub(super) fn is_kept(span: &SpanContext) -> bool {
    span.trace_state().get(KEY) == Some(VALUE)
}

/// The same span, which says nothing of being kept: a client at an HTTP door has no say in that.
pub(super) fn unmarked(span: SpanContext) -> SpanContext {
    if span.trace_state().get(KEY).is_none() {
        return span;
    }
    SpanContext::new(
        span.trace_id(),
        span.span_id(),
        span.trace_flags(),
        span.is_remote(),
        span.trace_state().delete(KEY).unwrap_or_default(),
    )
}

/// The same state, which says that the trace is kept.
pub(super) fn marked(state: &TraceState) -> TraceState {
    if state.get(KEY) == Some(VALUE) {
        return state.clone();
    }
    state.insert(KEY, VALUE).unwrap_or_default()
}
