//! Which calls are kept, and what they tell each other.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use opentelemetry::trace::SpanContext;
use tonic::Code;

use super::{Kept, admission::UNWATCHED};
use crate::telemetry::{
    CallSpan, ClientCall, HttpCall, ServerCall, Telemetry, extract, propagation::Propagators,
};

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn member() -> (Arc<Kept>, Telemetry) {
    let kept = Arc::new(Kept::new(10));
    let telemetry = Telemetry::keeping(kept.clone(), Propagators::default());
    (kept, telemetry)
}

fn request(telemetry: &Telemetry, path: &str, headers: &HeaderMap) -> CallSpan {
    let call = HttpCall {
        method: &Method::GET,
        path,
        query: None,
        scheme: "http",
        authority: None,
        version: http::Version::HTTP_11,
        peer: None,
    };
    telemetry.http_server(headers, call)
}

fn served(telemetry: &Telemetry, headers: &HeaderMap) -> CallSpan {
    let call = ServerCall {
        path: "/geo.Geo/Nearby",
        peer: None,
    };
    telemetry.server(headers, call)
}

/// What a call within this span carries.
fn sent(telemetry: &Telemetry, parent: &SpanContext) -> HeaderMap {
    let call = ClientCall {
        path: "/geo.Geo/Nearby",
        service: "geo",
    };
    let (client, mut headers) = (telemetry.client(parent, call), HeaderMap::new());
    client.inject(&mut headers);
    client.end_grpc(Code::Ok);
    headers
}

#[tokio::test]
async fn who_is_asked_to_begins_traces_and_others_go_on_with_them() {
    let ((kept, frontend), (below, geo)) = (member(), member());
    kept.begin_with(|path| path == "/hotels");
    let root = request(&frontend, "/hotels", &HeaderMap::new());
    let trace = root.context().trace_id();
    assert!(root.is_recording() && !root.context().is_sampled());
    let headers = sent(&frontend, root.context());
    let span = served(&geo, &headers);
    assert!(span.is_recording());
    let onward = extract(&sent(&geo, span.context()));
    assert_eq!(onward.trace_id(), trace);
    span.end_grpc(Code::NotFound);
    root.end_http(http::StatusCode::OK, Some("/hotels"));

    let spans = kept.spans(trace, "frontend", "frontend-1");
    let names: Vec<_> = spans
        .iter()
        .map(|span| (&*span.kind, &*span.name))
        .collect();
    assert_eq!(
        names,
        [("client", "geo.Geo/Nearby"), ("server", "GET /hotels")]
    );
    assert_eq!(spans[0].parent.as_deref(), Some(&*spans[1].id));
    let under = below.spans(trace, "geo", "geo-1");
    assert_eq!((&*under[1].status, under[1].failed), ("NOT_FOUND", false));
    assert_eq!(under[1].parent.as_deref(), Some(&*spans[0].id));
    let [listed] = kept.traces().try_into().expect("one trace");
    assert_eq!(
        (&*listed.name, &*listed.status, listed.spans),
        ("GET /hotels", "200", 2)
    );
}

#[tokio::test]
async fn what_is_not_kept_carries_nothing_and_traces_of_others_pass() {
    let (kept, telemetry) = member();
    kept.begin_with(|path| path == "/hotels");
    let page = request(&telemetry, "/", &HeaderMap::new());
    assert!(!page.is_recording());
    assert_eq!(sent(&telemetry, page.context()), HeaderMap::new());
    assert!(!served(&telemetry, &HeaderMap::new()).is_recording());

    let theirs = HeaderMap::from_iter([(
        http::HeaderName::from_static("traceparent"),
        HeaderValue::from_static(SAMPLED),
    )]);
    let span = served(&telemetry, &theirs);
    assert!(!span.is_recording());
    assert_eq!(sent(&telemetry, span.context()), theirs);
    assert!(kept.traces().is_empty());
}

#[tokio::test]
async fn clients_have_no_say_in_what_is_kept() {
    let (kept, telemetry) = member();
    kept.begin_with(|path| path == "/hotels");
    let marked = |member: &'static str| {
        let state = HeaderValue::from_static(member);
        HeaderMap::from_iter(
            [
                ("traceparent", HeaderValue::from_static(SAMPLED)),
                ("tracestate", state),
            ]
            .map(|(name, value)| (http::HeaderName::from_static(name), value)),
        )
    };
    let theirs = marked("bellhop=kept,vendor=1");
    let page = request(&telemetry, "/", &theirs);
    assert!(!page.is_recording());
    assert_eq!(sent(&telemetry, page.context()), marked("vendor=1"));

    let asked = || request(&telemetry, "/hotels", &theirs);
    let begun = (0..=UNWATCHED).map(|_| asked());
    let refused = begun.into_iter().find(|span| !span.is_recording()).unwrap();
    assert_eq!(sent(&telemetry, refused.context()), marked("vendor=1"));
}

#[tokio::test(start_paused = true)]
async fn a_load_is_kept_in_parts_and_a_page_that_asks_besides() {
    let (kept, telemetry) = member();
    kept.begin_with(|_| true);
    let count = |headers: &HeaderMap, times: u32| {
        let spans = (0..times).map(|_| request(&telemetry, "/hotels", headers));
        spans.filter(CallSpan::is_recording).count() as u32
    };
    assert_eq!(count(&HeaderMap::new(), 1000), UNWATCHED);
    let mut asking = HeaderMap::new();
    crate::explain::ask(&mut asking);
    assert_eq!(count(&asking, 3), 3);
    let watched = kept.watch();
    assert!(count(&HeaderMap::new(), 1000) > UNWATCHED);
    drop(watched);
    assert_eq!(count(&HeaderMap::new(), 1), 0);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(count(&HeaderMap::new(), 1000), UNWATCHED);
}
