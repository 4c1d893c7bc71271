//! What is seen in a real Jaeger.

use e2e::{Client, Registry, System, until};
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{Request as Ask, geo_client::GeoClient},
};

use crate::{
    calls::{Moody, mesh, moody, of},
    stage::{Jaeger, trace_id, traced},
    trace::Span,
};

const EXAMPLE: &str = "inDate=2015-04-09&outDate=2015-04-10";

/// Who calls whom, and what.
const HOPS: [(&str, &str, &str); 4] = [
    ("frontend", "search", "search.Search/Nearby"),
    ("search", "geo", "geo.Geo/Nearby"),
    ("search", "rate", "rate.Rate/GetRates"),
    ("frontend", "profile", "profile.Profile/GetProfiles"),
];

/// Whether they are those of one request: a server's at the door, and a client's and a server's for each hop.
fn are_one_request(spans: &[Span]) {
    assert_eq!(spans.len(), 9, "{spans:#?}");
    let root = spans
        .iter()
        .find(|span| span.parent.is_empty())
        .expect("a root");
    assert_eq!((&*root.service, &*root.name), ("frontend", "GET /hotels"));
    assert!(root.is("server"));
    assert_eq!(root.tag("http.response.status_code"), "200");
    assert!(root.tag("http.request.header.x-request-id").contains("r-1"));
    for (caller, callee, method) in HOPS {
        let side = |service: &str, kind: &str| {
            let is_it =
                |span: &&Span| span.service == service && span.name == method && span.is(kind);
            spans
                .iter()
                .find(is_it)
                .unwrap_or_else(|| panic!("{service} {kind} {method}"))
        };
        let (client, server) = (side(caller, "client"), side(callee, "server"));
        assert_eq!(server.parent, client.id, "{method}");
        let around = spans
            .iter()
            .find(|span| span.id == client.parent)
            .expect("a parent");
        assert_eq!(
            (&*around.service, around.is("server")),
            (caller, true),
            "{method}"
        );
        assert_eq!(
            (client.tag("rpc.system.name"), client.tag("server.address")),
            ("grpc", callee)
        );
        assert!(
            client.tag("bellhop.endpoint.id").starts_with(callee),
            "{client:?}"
        );
        assert_eq!(client.tag("rpc.response.status_code"), "OK");
        assert!(
            server.start >= client.start && server.duration <= client.duration,
            "{method}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_one_trace_with_two_spans_per_hop() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let system = System::start(traced(&registry, &jaeger.otlp)).await;
    let answer = system
        .example_with(&[("x-request-id", "r-1")])
        .await
        .unwrap();
    // One at the door, two for each hop.
    let spans = jaeger.trace(&trace_id(&answer), 9).await;
    are_one_request(&spans);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_in_memory_have_the_same_spans_and_no_connection() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let process = traced(&registry, &jaeger.otlp)
        .set("BELLHOP_ACCESS_LOG", "all")
        .start(&["up", "--http", "127.0.0.1:0"]);
    until("a system that is ready", || async {
        process.output().contains("Hotels is ready").then_some(())
    })
    .await;
    let (door, _) = process.serving("frontend").await;
    let url = format!("http://{door}/hotels?{EXAMPLE}");
    let headers = [("x-request-id", "r-1"), ("baggage", "tenant=a")];
    let answer = Client::new().get_with(&url, &headers).await.unwrap();
    let spans = jaeger.trace(&trace_id(&answer), 9).await;
    are_one_request(&spans);
    for span in spans.iter().filter(|span| span.service != "frontend") {
        let peer = span.tag("network.peer.address");
        assert_eq!(peer.is_empty(), span.is("server"), "{span:?}");
    }
    // The same in the access log, whose lines all have the one id.
    for (_, callee, method) in HOPS {
        let line = until(&format!("a line of {callee}"), || async {
            process.log().find(|line| {
                let is_it = line["rpc.method"] == method && line["service.name"] == callee;
                is_it.then(|| line.clone())
            })
        })
        .await;
        assert_eq!(line["request_id"], "r-1", "{line}");
        assert_eq!(line["trace_id"], trace_id(&answer), "{line}");
        assert_eq!(line.get("network.peer.address"), None, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_tells_who_asks_and_of_the_query_what_is_known() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let launch = traced(&registry, &jaeger.otlp)
        .set("HOTELS_LIMIT", "1000")
        .set("HOTELS_TRUSTED_PROXIES", "127.0.0.0/8");
    let system = System::start(launch).await;
    let url = format!("{}/hotels?{EXAMPLE}&token=hush", system.address());
    let proxied = [("x-forwarded-for", "203.0.113.7")];
    let answer = Client::new().get_with(&url, &proxied).await.unwrap();
    let root = jaeger.root(&trace_id(&answer)).await;
    assert_eq!(root.tag("url.query"), EXAMPLE, "{root:?}");
    assert_eq!(root.tag("client.address"), "203.0.113.7");
    assert_eq!(root.tag("network.peer.address"), "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_graph_shows_who_calls_whom() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let system = System::start(traced(&registry, &jaeger.otlp)).await;
    let answer = system.example_with(&[]).await.unwrap();
    jaeger.trace(&trace_id(&answer), 9).await;
    let edges = until("a graph", || async {
        // Until an hour from now, for the whole of it and a day.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let end = now.unwrap().as_millis() + 3_600_000;
        let path = format!("/api/dependencies?endTs={end}&lookback=90000000");
        let edges = jaeger.ask(&path).await;
        let edges = edges.as_array()?.iter();
        let mut edges: Vec<_> = edges
            .map(|edge| {
                format!(
                    "{} → {}",
                    edge["parent"].as_str().unwrap(),
                    edge["child"].as_str().unwrap()
                )
            })
            .collect();
        edges.sort();
        (edges.len() >= HOPS.len()).then_some(edges)
    })
    .await;
    assert_eq!(
        edges,
        [
            "frontend → profile",
            "frontend → search",
            "search → geo",
            "search → rate"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_jaeger_client_begins_the_trace() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let launch = traced(&registry, &jaeger.otlp).set("OTEL_PROPAGATORS", "jaeger,baggage");
    let system = System::start(launch).await;
    let uber = [(
        "uber-trace-id",
        "5b8aa5a2d2c872e8321cf37308d69df2:51af5fe4bb7e62ec:0:1",
    )];
    let answer = system.example_with(&uber).await.unwrap();
    assert_eq!(trace_id(&answer), "5b8aa5a2d2c872e8321cf37308d69df2");
    let spans = jaeger.trace(&trace_id(&answer), 9).await;
    assert!(
        spans
            .iter()
            .any(|span| span.service == "rate" && span.is("server"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_degraded_answer_and_a_failed_one_are_marked() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let launch = traced(&registry, &jaeger.otlp).set("BELLHOP_WAIT_FOR_ENDPOINT", "100ms");
    let mut system = System::start(launch).await;
    system.processes.remove("rate");
    let answer = system.example_with(&[]).await.unwrap();
    assert_eq!(answer.status, 200);
    let trace = trace_id(&answer);
    let doors = [
        ("frontend", "GET /hotels"),
        ("search", "search.Search/Nearby"),
    ];
    let spans = until("what tells of it", || async {
        let spans = jaeger.spans(&trace).await;
        let find = |(service, name): (&str, &str)| {
            let is_it =
                |span: &&Span| span.service == service && span.name == name && span.is("server");
            spans.iter().find(is_it).cloned()
        };
        let is_failure =
            |span: &&Span| span.tag("server.address") == "rate" && span.tag("error") == "true";
        let failed = spans.iter().find(is_failure).cloned()?;
        Some((find(doors[0])?, find(doors[1])?, failed))
    })
    .await;
    let (door, search, failed) = spans;
    for span in [door, search] {
        assert_eq!(span.events, ["degraded"], "{span:?}");
        assert_eq!(span.tag("error"), "", "{span:?}");
    }
    assert_eq!(failed.tag("error.type"), "UNAVAILABLE");

    system.processes.remove("profile");
    let answer = system.example_with(&[]).await.unwrap();
    assert_eq!(answer.status, 503);
    let root = jaeger.root(&trace_id(&answer)).await;
    assert_eq!(
        (root.tag("error"), root.tag("http.response.status_code")),
        ("true", "503")
    );
}

#[tokio::test]
async fn attempts_are_spans_of_their_own_with_their_endpoints() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let serving = moody(&registry, &jaeger, &Moody::failing(2), &[]).await;
    let caller = mesh("caller", &registry, &jaeger, &[("BELLHOP_BREAKER", "off")]);
    let channel = caller.channel("moody").describe(FILE_DESCRIPTOR_SET);
    GeoClient::new(channel)
        .nearby(Ask::default())
        .await
        .unwrap();

    // The call around three attempts, and the server's side of each.
    let spans = of(&jaeger, "caller", 7).await;
    assert_eq!(spans.len(), 7, "{spans:#?}");
    let call = spans.iter().find(|span| span.parent.is_empty()).unwrap();
    assert!(call.is("internal"), "{call:?}");
    assert_eq!(
        (call.tag("rpc.response.status_code"), call.tag("error")),
        ("OK", "")
    );
    assert_eq!(call.tag("network.peer.address"), "");
    let mut attempts: Vec<_> = spans.iter().filter(|span| span.is("client")).collect();
    attempts.sort_by_key(|span| span.start);
    let told: Vec<_> = attempts
        .iter()
        .map(|span| {
            (
                span.tag("bellhop.attempt"),
                span.tag("rpc.response.status_code"),
                span.tag("error"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("first", "UNAVAILABLE", "true"),
            ("retry", "UNAVAILABLE", "true"),
            ("retry", "OK", "")
        ]
    );
    let port = serving.address().port().to_string();
    for attempt in attempts {
        assert_eq!(attempt.parent, call.id);
        assert_eq!(attempt.tag("network.peer.address"), "127.0.0.1");
        assert_eq!(attempt.tag("network.peer.port"), port);
        assert!(attempt.tag("bellhop.endpoint.id").starts_with("moody"));
        let server = spans
            .iter()
            .find(|span| span.parent == attempt.id)
            .expect("its server");
        assert_eq!((&*server.service, server.is("server")), ("moody", true));
    }
    serving.stop().await;
}
