//! Spans as they are told.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Array, KeyValue, Value,
    trace::{SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE, RPC_RESPONSE_STATUS_CODE,
};
use serde::{Deserialize, Serialize};

/// A span, with times in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptSpan {
    pub(crate) id: String,
    /// The span that it is a part of; `None` for the first of all.
    pub(crate) parent: Option<String>,
    pub(crate) service: String,
    pub(crate) instance: String,
    pub(crate) name: String,
    /// `server`, `client` or `internal`.
    pub(crate) kind: String,
    /// Since 1970, by the clock of its own host.
    pub(crate) start_us: u64,
    pub(crate) took_us: u64,
    pub(crate) status: String,
    pub(crate) failed: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) events: Vec<KeptEvent>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptEvent {
    pub(crate) name: String,
    pub(crate) at_us: u64,
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A trace, as it was here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptTrace {
    pub(crate) trace: String,
    pub(crate) name: String,
    pub(crate) start_us: u64,
    pub(crate) took_us: u64,
    pub(crate) status: String,
    pub(crate) failed: bool,
    /// How many spans of it this member has.
    pub(crate) spans: usize,
}

impl KeptTrace {
    pub(super) fn new(served: &SpanData, spans: usize) -> Self {
        Self {
            trace: served.span_context.trace_id().to_string(),
            name: served.name.to_string(),
            start_us: micros(served.start_time),
            took_us: took(served),
            status: status(served),
            failed: failed(served),
            spans,
        }
    }
}

impl KeptSpan {
    pub(super) fn new(span: &SpanData, service: &str, instance: &str) -> Self {
        let parent = span.parent_span_id;
        let events = span.events.iter().map(|event| KeptEvent {
            name: event.name.to_string(),
            at_us: micros(event.timestamp),
            attributes: attributes(&event.attributes),
        });
        Self {
            id: span.span_context.span_id().to_string(),
            parent: (parent != SpanId::INVALID).then(|| parent.to_string()),
            service: service.to_owned(),
            instance: instance.to_owned(),
            name: span.name.to_string(),
            kind: kind(&span.span_kind).to_owned(),
            start_us: micros(span.start_time),
            took_us: took(span),
            status: status(span),
            failed: failed(span),
            attributes: attributes(&span.attributes),
            events: events.collect(),
        }
    }
}

fn kind(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        _ => "internal",
    }
}

/// How it ended: a status of HTTP, a code of gRPC, or that nobody waited for it.
fn status(span: &SpanData) -> String {
    let names = [
        RPC_RESPONSE_STATUS_CODE,
        HTTP_RESPONSE_STATUS_CODE,
        ERROR_TYPE,
    ];
    let mut found = names.into_iter().filter_map(|name| {
        let mut attributes = span.attributes.iter();
        attributes.find(|attribute| attribute.key.as_str() == name)
    });
    let left = || {
        let mut events = span.events.iter();
        let left = events.any(|event| event.name == "bellhop.client_left");
        if left { "cancelled" } else { "" }.to_owned()
    };
    found
        .next()
        .map_or_else(left, |attribute| said(&attribute.value))
}

fn failed(span: &SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let told = attributes.iter();
    told.map(|attribute| (attribute.key.to_string(), said(&attribute.value)))
        .collect()
}

fn said(value: &Value) -> String {
    match value {
        Value::Array(Array::String(texts)) => {
            let texts: Vec<_> = texts.iter().map(|text| text.as_str()).collect();
            texts.join(", ")
        }
        value => value.to_string(),
    }
}

fn took(span: &SpanData) -> u64 {
    let took = span.end_time.duration_since(span.start_time);
    whole(took.unwrap_or_default())
}

fn micros(at: SystemTime) -> u64 {
    whole(
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
    )
}

fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
