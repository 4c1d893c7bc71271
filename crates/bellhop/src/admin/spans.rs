//! `/spans`: what the member keeps of traces in memory, where no collector is told of them.

use http::StatusCode;
use serde::Serialize;

use super::reply::{Reply, fault, json};
use crate::{
    mesh::Mesh,
    telemetry::{KeptSpan, KeptTrace, trace_id},
};

const NOT_KEPT: &str =
    "no spans are kept here: they go to a collector, or BELLHOP_KEEP_TRACES is off";
const NO_TRACE: &str = "expected trace=ID, of 32 hex digits";

/// What is kept here, by whom.
#[derive(Serialize)]
struct Told {
    service: String,
    instance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traces: Option<Vec<KeptTrace>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Vec<KeptSpan>>,
}

/// The traces that were served here; with `trace=ID` in the query the spans of one.
pub(super) fn show(mesh: &Mesh, query: Option<&str>) -> Reply {
    let Some(kept) = mesh.kept() else {
        return fault(StatusCode::NOT_IMPLEMENTED, NOT_KEPT);
    };
    let instance = mesh.life().place.map(|place| place.id);
    let mut told = Told {
        service: mesh.service().to_owned(),
        instance,
        traces: None,
        spans: None,
    };
    match query {
        None => told.traces = Some(kept.traces()),
        Some(query) => {
            let Some(trace) = query.strip_prefix("trace=").and_then(trace_id) else {
                return fault(StatusCode::BAD_REQUEST, NO_TRACE);
            };
            let instance = told.instance.as_deref().unwrap_or_default();
            told.spans = Some(kept.spans(trace, &told.service, instance));
        }
    }
    json(StatusCode::OK, &told)
}
