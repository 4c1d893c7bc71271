//! The spans that are kept: of the last traces, and of no more bytes than there is room for.

use std::{
    collections::{HashMap, VecDeque},
    mem::size_of,
};

use opentelemetry::{
    KeyValue, Value,
    trace::{Event, Link, SpanKind, TraceId, TraceState},
};
use opentelemetry_sdk::trace::SpanData;

/// For all spans of a member, roughly.
const BYTES_MAX: usize = 4 << 20;
/// Of one trace; the rest of a trace that has more is not kept.
const SPANS_MAX: usize = 500;
/// What an attribute takes besides what its value holds.
const ATTRIBUTE: usize = size_of::<KeyValue>();

/// Spans by trace.
#[derive(Debug)]
pub(super) struct Store {
    most: usize,
    traces: HashMap<TraceId, Vec<SpanData>>,
    /// Those of whom a span ended first come first.
    order: VecDeque<TraceId>,
    bytes: usize,
}

impl Store {
    /// Room for so many traces.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            traces: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Keeps a span; the oldest traces go where there is no room. The rest of one that takes all the room is not kept.
    pub(super) fn push(&mut self, span: SpanData) {
        let trace = span.span_context.trace_id();
        let size = size(&span);
        let spans = self.traces.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Vec::new()
        });
        if spans.len() >= SPANS_MAX {
            return;
        }
        spans.push(span);
        self.bytes += size;
        while self.order.len() > self.most || self.bytes > BYTES_MAX {
            // What goes on now is not old, whenever it began.
            match self.order.iter().position(|other| *other != trace) {
                Some(oldest) => self.forget(oldest),
                None => return self.cut(trace),
            }
        }
    }

    /// Takes back the last span of a trace.
    fn cut(&mut self, trace: TraceId) {
        let cut = self.traces.get_mut(&trace).and_then(Vec::pop);
        self.bytes -= cut.as_ref().map_or(0, size);
    }

    fn forget(&mut self, place: usize) {
        let trace = self.order.remove(place);
        let spans = trace.and_then(|trace| self.traces.remove(&trace));
        self.bytes -= spans.iter().flatten().map(size).sum::<usize>();
    }

    /// The spans of a trace.
    pub(super) fn of(&self, trace: TraceId) -> &[SpanData] {
        self.traces.get(&trace).map_or(&[], Vec::as_slice)
    }

    /// The first span that was served of each trace, latest trace first, and how many spans the trace has here.
    pub(super) fn served(&self) -> impl Iterator<Item = (&SpanData, usize)> {
        self.order.iter().rev().filter_map(|trace| {
            let spans = self.of(*trace);
            let served = spans
                .iter()
                .filter(|span| span.span_kind == SpanKind::Server);
            Some((served.min_by_key(|span| span.start_time)?, spans.len()))
        })
    }
}

/// What a span takes, roughly.
fn size(span: &SpanData) -> usize {
    let events = span.events.events.capacity() * size_of::<Event>();
    let of_events = span
        .events
        .iter()
        .map(|event| attributes(&event.attributes));
    let links = span.links.links.capacity() * size_of::<Link>();
    let held = span.name.len() + attributes(&span.attributes) + of_events.sum::<usize>();
    size_of::<SpanData>() + held + events + links + state(span.span_context.trace_state())
}

/// What attributes take, with the room that is held for more.
fn attributes(attributes: &Vec<KeyValue>) -> usize {
    let held = attributes.iter().map(|attribute| match &attribute.value {
        Value::String(text) => text.as_str().len(),
        Value::Array(array) => array.to_string().len(),
        _ => 0,
    });
    attributes.capacity() * ATTRIBUTE + held.sum::<usize>()
}

/// What the callers of a span have added to its trace: up to 512 bytes in each of 32 entries.
fn state(state: &TraceState) -> usize {
    let header = state.header();
    let entries = header.split(',').filter(|entry| !entry.is_empty()).count();
    entries * size_of::<(String, String)>() + header.len()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::{
        InstrumentationScope,
        trace::{SpanContext, SpanId, Status, TraceFlags},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use proptest::prelude::*;

    use super::*;

    fn span(trace: u128, bytes: usize) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(trace + 1),
                SpanId::from(1),
                TraceFlags::default(),
                false,
                TraceState::NONE,
            ),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Server,
            name: "GET /hotels".into(),
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes: vec![KeyValue::new("url.query", "x".repeat(bytes))],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    /// A state as large as others may make it.
    fn large_state() -> TraceState {
        let entry = |number: usize| (format!("vendor-{number}"), "x".repeat(256));
        TraceState::from_key_value((0..32).map(entry)).unwrap()
    }

    #[test]
    fn what_callers_have_added_takes_its_room() {
        let mut store = Store::new(10_000);
        for trace in 0..2000 {
            let mut span = span(trace, 0);
            let context = &span.span_context;
            span.span_context = SpanContext::new(
                context.trace_id(),
                context.span_id(),
                context.trace_flags(),
                false,
                large_state(),
            );
            span.attributes.reserve_exact(16);
            store.push(span);
        }
        // Of each span, the texts alone.
        let least = 32 * 256;
        assert!(
            store.order.len() * least <= BYTES_MAX,
            "{}",
            store.order.len()
        );
        assert!(store.order.len() > 200);
    }

    proptest! {
        #[test]
        fn it_has_the_last_traces_and_no_more_than_there_is_room_for(
            pushed in proptest::collection::vec((0_u128..12, prop_oneof![Just(10_usize), Just(300_000)]), 0..200),
        ) {
            let mut store = Store::new(5);
            for (trace, bytes) in &pushed {
                store.push(span(*trace, *bytes));
                let held: usize = store.traces.values().flatten().map(size).sum();
                prop_assert_eq!(held, store.bytes);
                prop_assert!(store.bytes <= BYTES_MAX && store.order.len() <= 5);
                prop_assert_eq!(store.order.len(), store.traces.len());
                prop_assert!(!store.of(TraceId::from(trace + 1)).is_empty());
            }
            let order: Vec<_> = store.served().map(|(span, _)| span.span_context.trace_id()).collect();
            prop_assert_eq!(order, store.order.iter().rev().copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_trace_that_goes_on_is_kept() {
        let mut store = Store::new(100);
        store.push(span(0, 10));
        let large = 300_000;
        for trace in 1..=(BYTES_MAX / large) as u128 {
            store.push(span(trace, large));
        }
        store.push(span(0, large));
        assert_eq!(store.of(TraceId::from(1)).len(), 2);
        assert!(store.of(TraceId::from(2)).is_empty());
    }

    #[test]
    fn one_trace_does_not_take_all_of_it() {
        let mut store = Store::new(5);
        for _ in 0..2 * SPANS_MAX {
            store.push(span(7, 0));
        }
        assert_eq!(store.of(TraceId::from(8)).len(), SPANS_MAX);
        assert_eq!(
            store.served().map(|(_, spans)| spans).collect::<Vec<_>>(),
            [SPANS_MAX]
        );
    }
}
