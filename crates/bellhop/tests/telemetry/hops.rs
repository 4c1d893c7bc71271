//! The spans of a request that goes from an HTTP door through two services.

use bellhop::telemetry::{ClientCall, HttpCall, ServerCall, Telemetry};
use http::{HeaderMap, Method, StatusCode, Version, header::USER_AGENT};
use opentelemetry::trace::SpanContext;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tonic::Code;

use crate::support::{Collector, Exported, Find, PATIENCE, PROTOCOLS, member, traceparent};

const NEARBY: &str = "/geo.Geo/Nearby";

fn door<'a>(method: &'a Method, path: &'a str, query: Option<&'a str>) -> HttpCall<'a> {
    HttpCall {
        method,
        path,
        query,
        scheme: "http",
        authority: Some("hotels.example:5000"),
        version: Version::HTTP_11,
        peer: Some("192.0.2.7:4711".parse().unwrap()),
    }
}

fn outgoing(path: &str) -> ClientCall<'_> {
    ClientCall {
        path,
        service: "geo",
    }
}

fn incoming(path: &str) -> ServerCall<'_> {
    ServerCall {
        path,
        peer: Some("192.0.2.8:4712".parse().unwrap()),
    }
}

/// One request through both members; the headers that went from one to the other.
fn request(frontend: &Telemetry, geo: &Telemetry) -> HeaderMap {
    let query = "inDate=2015-04-09&token=hush";
    let mut asked = HeaderMap::new();
    asked.insert(USER_AGENT, "curl/8".parse().unwrap());
    let mut http = frontend.http_server(&asked, door(&Method::GET, "/hotels", Some(query)));
    http.tell_query(&["inDate"]);
    let mut client = frontend.client(http.context(), outgoing(NEARBY));
    client.set_endpoint("192.0.2.9:8080".parse().unwrap(), "geo-9");
    let mut headers = HeaderMap::new();
    client.inject(&mut headers);

    let mut server = geo.server(&headers, incoming(NEARBY));
    server.event("looked twice");
    server.end_grpc(Code::Ok);

    client.end_grpc(Code::Ok);
    http.end_http(StatusCode::OK, Some("/hotels"));
    headers
}

#[tokio::test]
async fn a_request_is_one_trace_with_two_sides_per_hop() {
    for protocol in PROTOCOLS {
        let mut collector = Collector::start().await;
        let frontend = member("frontend", &collector.url(), protocol, &[]);
        let geo = member("geo", &collector.url(), protocol, &[]);
        let headers = request(&frontend, &geo);
        // Nothing is due for an hour: only the shutdown can have sent them.
        frontend.shutdown(PATIENCE).await.unwrap();
        geo.shutdown(PATIENCE).await.unwrap();

        let spans = collector.rest();
        assert_eq!(spans.len(), 3);
        let of = |kind: SpanKind, name: &str| {
            let matching = |one: &&Exported| one.span.kind() == kind && one.span.name == name;
            spans.iter().find(matching).expect("a span")
        };
        let http = of(SpanKind::Server, "GET /hotels");
        let client = of(SpanKind::Client, "geo.Geo/Nearby");
        let server = of(SpanKind::Server, "geo.Geo/Nearby");

        assert_eq!(http.parent_id(), "");
        assert_eq!(client.parent_id(), http.span_id());
        assert_eq!(server.parent_id(), client.span_id());
        assert!(spans.iter().all(|one| one.trace_id() == http.trace_id()));
        let expected = format!("00-{}-{}-01", client.trace_id(), client.span_id());
        assert_eq!(headers["traceparent"], expected);
        assert!(spans.iter().all(|one| !one.failed()));
        assert_eq!(server.span.events[0].name, "looked twice");
        for one in &spans {
            assert!(one.span.end_time_unix_nano >= one.span.start_time_unix_nano);
            assert_eq!(one.scope, "bellhop");
        }
    }
}

#[tokio::test]
async fn spans_carry_the_names_of_the_conventions() {
    let mut collector = Collector::start().await;
    let one = member("both", &collector.url(), "grpc", &[]);
    request(&one, &one);
    one.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let attributes = |kind: SpanKind, name: &str| {
        let matching = |one: &&Exported| one.span.kind() == kind && one.span.name == name;
        let span = spans.iter().find(matching).expect("a span");
        span.attributes().into_iter().collect::<Vec<_>>()
    };
    let owned = |pairs: &[(&str, &str)]| {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(own).collect::<Vec<_>>()
    };
    assert_eq!(
        attributes(SpanKind::Server, "GET /hotels"),
        owned(&[
            ("client.address", "192.0.2.7"),
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("http.route", "/hotels"),
            ("network.peer.address", "192.0.2.7"),
            ("network.peer.port", "4711"),
            ("network.protocol.version", "1.1"),
            ("server.address", "hotels.example"),
            ("server.port", "5000"),
            ("url.path", "/hotels"),
            ("url.query", "inDate=2015-04-09"),
            ("url.scheme", "http"),
            ("user_agent.original", "curl/8"),
        ])
    );
    assert_eq!(
        attributes(SpanKind::Client, "geo.Geo/Nearby"),
        owned(&[
            ("bellhop.endpoint.id", "geo-9"),
            ("network.peer.address", "192.0.2.9"),
            ("network.peer.port", "8080"),
            ("rpc.method", "geo.Geo/Nearby"),
            ("rpc.response.status_code", "OK"),
            ("rpc.system.name", "grpc"),
            ("server.address", "geo"),
        ])
    );
    assert_eq!(
        attributes(SpanKind::Server, "geo.Geo/Nearby"),
        owned(&[
            ("network.peer.address", "192.0.2.8"),
            ("network.peer.port", "4712"),
            ("rpc.method", "geo.Geo/Nearby"),
            ("rpc.response.status_code", "OK"),
            ("rpc.system.name", "grpc"),
        ])
    );
}

#[tokio::test]
async fn a_callers_trace_is_continued() {
    let mut collector = Collector::start().await;
    let geo = member("geo", &collector.url(), "grpc", &[]);
    let mut headers = traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    headers.insert("tracestate", "congo=t61".parse().unwrap());

    let server = geo.server(&headers, incoming(NEARBY));
    let client = geo.client(server.context(), outgoing("/rate.Rate/GetRates"));
    let mut onward = HeaderMap::new();
    client.inject(&mut onward);
    assert_eq!(onward["tracestate"], "congo=t61");
    client.end_grpc(Code::Ok);
    server.end_grpc(Code::Ok);
    geo.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let server = spans.named("geo.Geo/Nearby");
    assert_eq!(server.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(server.parent_id(), "b7ad6b7169203331");
    assert_eq!(server.span.trace_state, "congo=t61");
    assert_eq!(
        spans.named("rate.Rate/GetRates").parent_id(),
        server.span_id()
    );
}

#[tokio::test]
async fn each_side_judges_a_failure_for_itself() {
    let mut collector = Collector::start().await;
    let one = member("both", &collector.url(), "grpc", &[]);
    for (path, code) in [
        ("/refused", Code::InvalidArgument),
        ("/broken", Code::Internal),
    ] {
        let server = one.server(&HeaderMap::new(), incoming(path));
        let client = one.client(server.context(), outgoing(path));
        client.end_grpc(code);
        server.end_grpc(code);
    }
    for (status, route) in [
        (StatusCode::NOT_FOUND, "404"),
        (StatusCode::BAD_GATEWAY, "502"),
    ] {
        let span = one.http_server(&HeaderMap::new(), door(&Method::GET, "/", None));
        span.end_http(status, Some(route));
    }
    one.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let verdict = |name: &str, kind| {
        let matching = |one: &&Exported| one.span.kind() == kind && one.span.name == name;
        let span = spans.iter().find(matching).expect("a span");
        (span.failed(), span.attributes().get("error.type").cloned())
    };
    let failed = |kind: &str| (true, Some(kind.to_owned()));
    assert_eq!(verdict("refused", SpanKind::Server), (false, None));
    assert_eq!(
        verdict("refused", SpanKind::Client),
        failed("INVALID_ARGUMENT")
    );
    assert_eq!(verdict("broken", SpanKind::Server), failed("INTERNAL"));
    assert_eq!(verdict("broken", SpanKind::Client), failed("INTERNAL"));
    assert_eq!(verdict("GET 404", SpanKind::Server), (false, None));
    assert_eq!(verdict("GET 502", SpanKind::Server), failed("502"));
}

#[tokio::test]
async fn a_dropped_call_ends_as_cancelled() {
    let mut collector = Collector::start().await;
    let one = member("both", &collector.url(), "grpc", &[]);
    let server = one.server(&HeaderMap::new(), incoming("/served"));
    drop(one.client(server.context(), outgoing("/called")));
    drop(server);
    let get = Method::GET;
    drop(one.http_server(&HeaderMap::new(), door(&get, "/", Some("token=hush"))));
    one.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let code = |name: &str| spans.named(name).attributes()["rpc.response.status_code"].clone();
    assert_eq!(code("served"), "CANCELLED");
    assert_eq!(code("called"), "CANCELLED");
    assert!(spans.named("called").failed());
    assert!(!spans.named("served").failed());
    // Neither an error nor the type of one: it is no fault of the server.
    let left = spans.named("GET");
    assert!(!left.failed() && !left.attributes().contains_key("error.type"));
    assert_eq!(left.span.events[0].name, "bellhop.client_left");
    assert!(
        !left.attributes().contains_key("url.query"),
        "nobody said what may be told"
    );
}

#[tokio::test]
async fn a_method_that_nobody_knows_names_no_span() {
    let mut collector = Collector::start().await;
    let one = member("door", &collector.url(), "grpc", &[]);
    let brew = Method::from_bytes(b"BREW").unwrap();
    one.http_server(&HeaderMap::new(), door(&brew, "/pot", None))
        .end_http(StatusCode::METHOD_NOT_ALLOWED, None);
    one.server(&HeaderMap::new(), incoming("/tea.Tea/Brew"))
        .end_grpc(Code::Unimplemented);
    // Who calls knows what it is called, whatever becomes of it.
    for code in [Code::Unimplemented, Code::Unavailable] {
        one.client(&SpanContext::NONE, outgoing("/tea.Tea/Pour"))
            .end_grpc(code);
    }
    one.shutdown(PATIENCE).await.unwrap();

    let spans = collector.rest();
    let attributes = spans.named("grpc").attributes();
    assert_eq!(attributes["rpc.method"], "_OTHER");
    assert_eq!(attributes["rpc.method_original"], "tea.Tea/Brew");
    let poured = spans.iter().filter(|one| one.span.name == "tea.Tea/Pour");
    assert_eq!(poured.count(), 2);
    let attributes = spans.named("HTTP").attributes();
    assert_eq!(attributes["http.request.method"], "_OTHER");
    assert_eq!(attributes["http.request.method_original"], "BREW");
}
