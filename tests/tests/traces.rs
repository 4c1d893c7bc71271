//! Traces without a collector: kept in memory by each process, joined by the frontend.

use std::collections::{BTreeMap, BTreeSet};

use e2e::{Answer, Client, Launch, Receiver, Registry, System};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_hotels-under-test");

const SERVICES: [&str; 5] = ["frontend", "geo", "profile", "rate", "search"];

async fn stage(settings: &[(&str, &str)]) -> (Registry, System) {
    let registry = Registry::mini().await;
    let launch = Launch::new(BINARY).registry(&registry);
    let launch = settings
        .iter()
        .fold(launch, |launch, (name, value)| launch.set(name, value));
    let system = System::start(launch).await;
    (registry, system)
}

async fn json(system: &System, path: &str) -> (u16, Value) {
    let answer = system.get(path).await.expect("an answer");
    (answer.status.as_u16(), answer.json())
}

/// Asks for hotels as a page does, and returns the id of the trace.
async fn ask(system: &System) -> String {
    let answer: Answer = system
        .example_with(&[("x-bellhop-explain", "1")])
        .await
        .expect("hotels");
    answer.header("x-trace-id").to_owned()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_joined_from_what_every_process_keeps() {
    let (_registry, system) = stage(&[]).await;
    let (first, last) = (ask(&system).await, ask(&system).await);
    let (_, list) = json(&system, "/mesh/traces").await;
    assert_eq!(list["kept"], true);
    let traces = list["traces"].as_array().expect("a list");
    let at = |id: &str| traces.iter().position(|one| text(one, "trace") == id);
    assert!(at(&last) < at(&first), "the latest is first: {list:#}");
    let listed = &traces[at(&last).expect("the trace")];
    assert_eq!(
        (text(listed, "name"), text(listed, "status")),
        ("GET /hotels", "200")
    );

    let (status, joined) = json(&system, &format!("/mesh/traces/{last}")).await;
    assert_eq!((status, &joined["unseen"]), (200, &serde_json::json!({})));
    let spans = joined["spans"].as_array().expect("spans");
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (text(span, "id"), span)).collect();
    assert_eq!(by_id.len(), spans.len(), "each once");
    let roots = spans.iter().filter(|span| span["parent"].is_null());
    assert_eq!(roots.count(), 1, "{joined:#}");
    let served = spans.iter().filter(|span| span["kind"] == "server");
    let served: BTreeSet<_> = served.map(|span| text(span, "service")).collect();
    assert_eq!(served, BTreeSet::from(SERVICES));
    for span in spans {
        let parent = by_id.get(text(span, "parent"));
        assert!(span["parent"].is_null() || parent.is_some(), "{span:#}");
        let is_served_for = span["kind"] == "server" && span["service"] != "frontend";
        assert!(!is_served_for || parent.unwrap()["kind"] != "server");
        assert!(text(span, "instance").starts_with(text(span, "service")));
    }

    for (id, status) in [("ab".repeat(16), 404), ("x".to_owned(), 404)] {
        let (found, _) = json(&system, &format!("/mesh/traces/{id}")).await;
        assert_eq!(found, status, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_member_tells_what_it_keeps() {
    let (_registry, system) = stage(&[]).await;
    let id = ask(&system).await;
    let admin = system.processes["rate"][0].admin("rate").await;
    let client = Client::new();
    let spans = client
        .get(&format!("http://{admin}/spans?trace={id}"))
        .await;
    let spans = spans.expect("an answer").json();
    assert_eq!(text(&spans, "service"), "rate");
    let [span] = spans["spans"].as_array().expect("spans").as_slice() else {
        panic!("{spans:#}");
    };
    assert_eq!((text(span, "kind"), text(span, "status")), ("server", "OK"));
    let list = client.get(&format!("http://{admin}/spans")).await;
    let list = list.expect("an answer").json();
    let traces = list["traces"].as_array().expect("a list");
    assert!(
        traces.iter().any(|one| text(one, "trace") == id),
        "{list:#}"
    );
    // It is in no store that an exemplar could lead to.
    let open_metrics = [("accept", "application/openmetrics-text; version=1.0.0")];
    let metrics = format!("http://{admin}/metrics");
    let metrics = client.get_with(&metrics, &open_metrics).await.unwrap();
    let metrics = std::str::from_utf8(&metrics.body).unwrap();
    assert!(metrics.contains("rpc_server_call_duration_seconds_bucket{"));
    assert!(!metrics.contains("trace_id"), "{metrics}");
    let bad = client.get(&format!("http://{admin}/spans?trace=7")).await;
    assert_eq!(bad.expect("an answer").status.as_u16(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_where_somebody_says_so() {
    let (_registry, system) = stage(&[("BELLHOP_KEEP_TRACES", "off")]).await;
    let id = ask(&system).await;
    let (_, list) = json(&system, "/mesh/traces").await;
    assert_eq!(list, serde_json::json!({"kept": false, "traces": []}));
    let (status, _) = json(&system, &format!("/mesh/traces/{id}")).await;
    assert_eq!(status, 404);
    let admin = system.processes["geo"][0].admin("geo").await;
    let spans = Client::new().get(&format!("http://{admin}/spans")).await;
    assert_eq!(spans.expect("an answer").status.as_u16(), 501);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_where_a_collector_is_told() {
    let receiver = Receiver::start().await;
    let endpoint = receiver.endpoint();
    let (_registry, system) = stage(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ])
    .await;
    ask(&system).await;
    for service in SERVICES {
        let admin = system.processes[service][0].admin(service).await;
        let spans = Client::new().get(&format!("http://{admin}/spans")).await;
        assert_eq!(spans.expect("an answer").status.as_u16(), 501, "{service}");
    }
}
