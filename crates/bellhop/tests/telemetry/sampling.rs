//! What is recorded, and what is handed on where nothing is.

use bellhop::telemetry::{ClientCall, ServerCall, Telemetry, extract};
use http::HeaderMap;
use tonic::Code;

use crate::support::{Collector, PATIENCE, identity, member, settings, traceparent};

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

const SERVED: ServerCall<'_> = ServerCall {
    path: "/geo.Geo/Nearby",
    peer: None,
};

const CALLED: ClientCall<'_> = ClientCall {
    path: "/rate.Rate/GetRates",
    service: "rate",
};

/// What a call with these headers sends on to the next service.
fn sent_on(telemetry: &Telemetry, headers: &HeaderMap) -> HeaderMap {
    let server = telemetry.server(headers, SERVED);
    let client = telemetry.client(server.context(), CALLED);
    let mut onward = HeaderMap::new();
    client.inject(&mut onward);
    client.end_grpc(Code::Ok);
    server.end_grpc(Code::Ok);
    onward
}

#[tokio::test]
async fn disabled_telemetry_lets_traces_pass_and_invents_none() {
    let off = [
        vec![],
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_SDK_DISABLED", "true"),
        ],
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            ("OTEL_TRACES_EXPORTER", "none"),
        ],
    ];
    for variables in off {
        let telemetry = settings(&variables).start(identity("geo")).unwrap();
        assert!(!telemetry.is_enabled());
        assert!(telemetry.provider().is_none());
        assert_eq!(sent_on(&telemetry, &HeaderMap::new()), HeaderMap::new());
        for parent in [SAMPLED, UNSAMPLED] {
            let headers = traceparent(parent);
            assert_eq!(sent_on(&telemetry, &headers), headers);
        }
        telemetry.shutdown(PATIENCE).await.unwrap();
    }
}

#[tokio::test]
async fn an_unsampled_root_hands_its_trace_on_unsampled() {
    let mut collector = Collector::start().await;
    let more = [
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ];
    let geo = member("geo", &collector.url(), "grpc", &more);

    let server = geo.server(&HeaderMap::new(), SERVED);
    assert!(!server.is_recording());
    assert!(server.otel_context().is_none());
    let mut headers = HeaderMap::new();
    geo.client(server.context(), CALLED).inject(&mut headers);
    let onward = extract(&headers);
    assert!(onward.is_valid() && !onward.is_sampled());
    assert_eq!(onward.trace_id(), server.context().trace_id());
    drop(server);

    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 0);
}

#[tokio::test]
async fn a_parent_decides_for_those_who_ask_it() {
    let mut collector = Collector::start().await;
    let more = [("OTEL_TRACES_SAMPLER", "parentbased_always_off")];
    let geo = member("geo", &collector.url(), "grpc", &more);
    let unsampled = traceparent(UNSAMPLED);
    assert_eq!(sent_on(&geo, &unsampled), unsampled);
    assert!(extract(&sent_on(&geo, &traceparent(SAMPLED))).is_sampled());
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 2);
}

#[tokio::test]
async fn who_keeps_a_trace_in_memory_does_not_decide_for_those_who_have_a_collector() {
    let mut collector = Collector::start().await;
    let kept = || {
        let mut headers = traceparent(UNSAMPLED);
        headers.insert("tracestate", "bellhop=kept".parse().unwrap());
        headers
    };
    let geo = member("geo", &collector.url(), "grpc", &[]);
    let onward = extract(&sent_on(&geo, &kept()));
    assert!(onward.is_sampled());
    assert_eq!(onward.trace_id(), extract(&kept()).trace_id());
    geo.shutdown(PATIENCE).await.unwrap();
    let spans = collector.rest();
    let roots = spans
        .iter()
        .filter(|one| one.span.parent_span_id.is_empty());
    assert_eq!((roots.count(), spans.len()), (1, 2));

    let off = [("OTEL_TRACES_SAMPLER", "parentbased_always_off")];
    let geo = member("geo", &collector.url(), "grpc", &off);
    assert_eq!(sent_on(&geo, &kept()), kept());
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 0);
}

#[tokio::test]
async fn a_sampler_that_asks_nobody_overrules_the_parent() {
    let mut collector = Collector::start().await;
    let off = [("OTEL_TRACES_SAMPLER", "always_off")];
    let geo = member("geo", &collector.url(), "grpc", &off);
    let parent = extract(&traceparent(SAMPLED));
    let onward = extract(&sent_on(&geo, &traceparent(SAMPLED)));
    assert_eq!(onward.trace_id(), parent.trace_id());
    assert!(!onward.is_sampled());
    assert_ne!(
        onward.span_id(),
        parent.span_id(),
        "a changed flag asks for a new id"
    );
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 0);

    let on = [("OTEL_TRACES_SAMPLER", "always_on")];
    let geo = member("geo", &collector.url(), "grpc", &on);
    assert!(extract(&sent_on(&geo, &traceparent(UNSAMPLED))).is_sampled());
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 2);
}

#[tokio::test]
async fn a_ratio_keeps_whole_traces() {
    let mut collector = Collector::start().await;
    let more = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ];
    let geo = member("geo", &collector.url(), "grpc", &more);
    let calls = 200;
    let kept = (0..calls)
        .filter(|_| extract(&sent_on(&geo, &HeaderMap::new())).is_sampled())
        .count();
    // Once in 2^200 this is a lie.
    assert!(kept > 0 && kept < calls);
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 2 * kept, "both sides or none");
}
