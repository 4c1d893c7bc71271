//! What spans tell, in a real Jaeger, of breakers that change and of calls that are one too many.

use e2e::{Registry, System, until};
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{Request as Ask, geo_client::GeoClient},
};
use tonic::{Code, Status};

use crate::{
    calls::{Moody, mesh, moody},
    stage::{Jaeger, trace_id, traced},
    trace::Span,
};

/// One attempt for each call.
const SINGLE: (&str, &str) = ("BELLHOP_RETRY_ATTEMPTS", "off");

async fn call(mesh: &bellhop::Mesh) -> Result<(), Status> {
    let channel = mesh.channel("moody").describe(FILE_DESCRIPTOR_SET);
    let answer = GeoClient::new(channel).nearby(Ask::default()).await;
    answer.map(drop)
}

/// All spans of one kind that a service has made so far, in the order of their beginnings.
async fn spans(jaeger: &Jaeger, service: &str, kind: &str) -> Vec<Span> {
    let path = format!("/api/traces?service={service}&limit=1000");
    let traces = jaeger.ask(&path).await;
    let traces = traces.as_array().cloned().unwrap_or_default();
    let spans = traces.iter().flat_map(Span::all_of);
    let mut spans: Vec<_> = spans
        .filter(|span| span.service == service && span.is(kind))
        .collect();
    spans.sort_by_key(|span| span.start);
    spans
}

/// The first span with an event, and what the event says.
async fn with(jaeger: &Jaeger, service: &str, kind: &str, event: &str) -> (Span, usize) {
    until(&format!("{event} of {service}"), || async {
        let spans = spans(jaeger, service, kind).await;
        spans.into_iter().find_map(|span| {
            let at = span.events.iter().position(|name| name == event)?;
            Some((span, at))
        })
    })
    .await
}

#[tokio::test]
async fn a_breaker_tells_of_each_change_in_the_call_that_made_it() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let moody_one = Moody::failing(usize::MAX);
    let serving = moody(&registry, &jaeger, &moody_one, &[]).await;
    let settings = [
        SINGLE,
        ("BELLHOP_BREAKER_FAILURES", "1"),
        ("BELLHOP_BREAKER_OPEN_MIN", "50ms"),
        ("BELLHOP_BREAKER_OPEN_MAX", "50ms"),
    ];
    let caller = mesh("caller", &registry, &jaeger, &settings);
    let mut told = Vec::new();
    for change in ["opened", "reopened", "closed"] {
        if change == "closed" {
            moody_one.recover();
        }
        let event = format!("bellhop.breaker.{change}");
        let span = until(&event, || async {
            let _ = call(&caller).await;
            let spans = spans(&jaeger, "caller", "client").await;
            spans.into_iter().find(|span| span.events.contains(&event))
        });
        told.push(span.await);
    }
    for (span, error) in told.iter().zip(["true", "true", ""]) {
        assert_eq!(
            (span.events.len(), span.tag("error")),
            (1, error),
            "{span:?}"
        );
        let id = &span.said[0]["bellhop.endpoint.id"];
        assert_eq!(id, span.tag("bellhop.endpoint.id"), "{span:?}");
    }
    assert!(told.is_sorted_by_key(|span| span.start), "{told:#?}");
    serving.stop().await;
}

#[tokio::test]
async fn a_call_that_the_server_refuses_is_marked_on_both_sides() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let rate = [("BELLHOP_LIMIT", "*:0.01:1")];
    let serving = moody(&registry, &jaeger, &Moody::failing(0), &rate).await;
    let caller = mesh("caller", &registry, &jaeger, &[SINGLE]);
    call(&caller).await.unwrap();
    let refusal = call(&caller).await.unwrap_err();

    let (server, at) = with(&jaeger, "moody", "server", "bellhop.refused").await;
    assert_eq!(server.said[at]["bellhop.limiter"], "caller", "{server:?}");
    let client = until("the caller's side", || async {
        let spans = spans(&jaeger, "caller", "client").await;
        spans.into_iter().find(|span| span.id == server.parent)
    })
    .await;
    assert_eq!(client.tag("error"), "true");
    assert_eq!(refusal.code(), Code::ResourceExhausted);
    assert_eq!(
        client.tag("rpc.response.status_code"),
        "RESOURCE_EXHAUSTED",
        "{client:?}"
    );
    serving.stop().await;
}

#[tokio::test]
async fn a_call_that_waits_for_its_turn_says_so_and_one_that_has_none_is_refused() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let serving = moody(&registry, &jaeger, &Moody::failing(0), &[]).await;
    let settings = [SINGLE, ("BELLHOP_CLIENT_LIMIT", "2:1")];
    let patient = mesh("patient", &registry, &jaeger, &settings);
    let (first, second) = tokio::join!(call(&patient), call(&patient));
    first.and(second).unwrap();
    let (waited, _) = with(&jaeger, "patient", "client", "bellhop.limit.waits").await;
    assert_eq!(waited.events, ["bellhop.limit.waits"], "{waited:?}");
    assert_eq!(waited.tag("error"), "");

    let settings = [SINGLE, ("BELLHOP_CLIENT_LIMIT", "0.01:1")];
    let late = mesh("late", &registry, &jaeger, &settings);
    call(&late).await.unwrap();
    call(&late).await.unwrap_err();
    let (refused, at) = with(&jaeger, "late", "client", "bellhop.refused").await;
    assert_eq!(refused.said[at]["bellhop.limiter"], "upstream");
    assert_eq!(refused.tag("error"), "true");
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_a_client_that_asks_too_often_is_marked_at_the_door() {
    let Some(jaeger) = Jaeger::start().await else {
        return;
    };
    let registry = Registry::mini().await;
    let launch = traced(&registry, &jaeger.otlp).set("HOTELS_LIMIT", "0.01:1");
    let system = System::start(launch).await;
    let answer = until("a refusal", || async {
        let answer = system.example_with(&[]).await.unwrap();
        (answer.status == 429).then_some(answer)
    })
    .await;
    let root = jaeger.root(&trace_id(&answer)).await;
    let at = root.events.iter().position(|it| it == "bellhop.refused");
    let at = at.unwrap_or_else(|| panic!("{root:?}"));
    assert_eq!(root.said[at]["bellhop.limiter"], "client", "{root:?}");
    assert_eq!(root.tag("http.response.status_code"), "429");
}
