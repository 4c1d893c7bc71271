//! Spans that an application makes through the OpenTelemetry API.

use bellhop::telemetry::ServerCall;
use http::HeaderMap;
use opentelemetry::trace::{FutureExt, Tracer, TracerProvider};
use tonic::Code;

use crate::support::{Collector, Find, PATIENCE, member};

#[tokio::test]
async fn they_nest_under_the_span_of_the_call() {
    let mut collector = Collector::start().await;
    let geo = member("geo", &collector.url(), "grpc", &[]);
    let tracer = geo.provider().expect("a provider").tracer("shop");

    let call = ServerCall {
        path: "/geo.Geo/Nearby",
        peer: None,
    };
    let server = geo.server(&HeaderMap::new(), call);
    let context = server.otel_context().expect("a recorded span");
    let handler = async {
        tokio::task::yield_now().await;
        tracer.in_span("look up", |_| ());
    };
    handler.with_context(context).await;
    server.end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let server = spans.named("geo.Geo/Nearby");
    let own = spans.named("look up");
    assert_eq!(own.parent_id(), server.span_id());
    assert_eq!(own.trace_id(), server.trace_id());
    assert_eq!(own.resource, server.resource);
    assert_eq!(own.scope, "shop");
}

#[tokio::test]
async fn they_are_sampled_as_ours_are() {
    let mut collector = Collector::start().await;
    let more = [("OTEL_TRACES_SAMPLER", "always_off")];
    let geo = member("geo", &collector.url(), "grpc", &more);
    let tracer = geo.provider().expect("a provider").tracer("shop");
    tracer.in_span("look up", |_| ());
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 0);
}

#[tokio::test]
async fn an_application_cannot_stop_the_spans_of_the_mesh() {
    let mut collector = Collector::start().await;
    let geo = member("geo", &collector.url(), "grpc", &[]);
    geo.provider().expect("a provider").shutdown().unwrap();

    let call = ServerCall {
        path: "/geo.Geo/Nearby",
        peer: None,
    };
    geo.server(&HeaderMap::new(), call).end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();
    assert_eq!(collector.rest().len(), 1);
}
