//! Keeping an instance registered.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::{
    consul::{Consul, Definition, HealthState, Query},
    registration::{CheckBy, NoAddress, Protocol, Registered, Settings, Spec, State, start},
};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tonic_health::ServingStatus;

use crate::{
    definition,
    support::{
        agent::Agent,
        fake::{Fake, Reply, Request},
        wait::{soon, until},
    },
};

fn grpc(health: &str) -> Protocol {
    Protocol::Grpc {
        health: health.to_owned(),
    }
}

/// An instance that reports by itself.
fn ttl(healthy: watch::Receiver<bool>) -> Spec {
    Spec {
        service: "geo".to_owned(),
        protocol: grpc("geo.Geo"),
        bound: "127.0.0.1:4711".parse().unwrap(),
        settings: Settings {
            check: CheckBy::Ttl,
            check_ttl: Duration::from_secs(600),
            version: Some("1.2.3".to_owned()),
            weight: 3,
            ..Settings::default()
        },
        healthy,
    }
}

/// One that Consul asks.
fn probed(protocol: Protocol, bound: SocketAddr) -> Spec {
    Spec {
        protocol,
        bound,
        settings: Settings::default(),
        ..ttl(watch::channel(false).1)
    }
}

async fn is_registered(registered: &Registered) {
    let mut state = registered.state();
    let is_so = |state: &State| matches!(state, State::Registered);
    soon("registration", state.wait_for(is_so)).await.unwrap();
}

/// Waits until discovery sees the one instance in this state.
async fn becomes(consul: &Consul, wanted: HealthState) {
    until(&format!("{wanted:?}"), async || {
        let health = consul.health_service("geo", Query::NOW).await.ok()?;
        (health.value.first()?.state() == wanted).then_some(())
    })
    .await;
}

async fn is_known(consul: &Consul, id: &str) {
    until("the agent's word", async || {
        consul.agent_service(id, None).await.ok()
    })
    .await;
}

#[tokio::test]
async fn an_instance_is_registered_as_what_it_is_and_taken_off() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let registered = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    is_registered(&registered).await;
    let id = registered.id().to_owned();
    assert!(id.starts_with("geo-127.0.0.1-4711-"), "{id}");
    let service = consul.agent_service(&id, None).await.unwrap();
    assert_eq!(service.meta["version"], "1.2.3");
    assert_eq!(service.meta["protocol"], "grpc");
    assert_eq!(service.weights.passing, 3);
    becomes(&consul, HealthState::Passing).await;

    let state = registered.state();
    registered.deregister().await.unwrap();
    assert!(matches!(*state.borrow(), State::Deregistered));
    let gone = consul.agent_service(&id, None).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    let health = consul.health_service("geo", Query::NOW).await.unwrap();
    assert!(health.value.is_empty(), "it left the catalog too");
}

#[tokio::test]
async fn an_agent_that_comes_back_without_memory_gets_the_instance_back() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let registered = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    is_registered(&registered).await;

    let mut state = registered.state();
    agent.kill();
    let lost = |state: &State| matches!(state, State::Lost { .. });
    soon("the loss", state.wait_for(lost)).await.unwrap();
    agent.restart().await;
    is_known(&consul, registered.id()).await;
    becomes(&consul, HealthState::Passing).await;
    is_registered(&registered).await;
    registered.deregister().await.unwrap();
}

#[tokio::test]
async fn an_agent_that_starts_later_gets_the_instance() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    agent.kill();
    let registered = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    agent.restart().await;
    is_registered(&registered).await;
    is_known(&consul, registered.id()).await;
}

#[tokio::test]
async fn what_others_take_off_or_change_is_put_right() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let registered = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    is_registered(&registered).await;
    consul.deregister(registered.id()).await.unwrap();
    is_known(&consul, registered.id()).await;

    for _ in 0..2 {
        is_registered(&registered).await;
        let other = Definition {
            port: 1,
            ..definition(registered.id(), HealthState::Passing)
        };
        consul.register(&other).await.unwrap();
        until("the right port", async || {
            let service = consul.agent_service(registered.id(), None).await.unwrap();
            (service.port == Some(4711)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn reports_follow_the_health_of_the_instance() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let (healthy, receiver) = watch::channel(false);
    let _registered = start(consul.clone(), ttl(receiver)).unwrap();
    becomes(&consul, HealthState::Critical).await;
    healthy.send_replace(true);
    becomes(&consul, HealthState::Passing).await;
    healthy.send_replace(false);
    becomes(&consul, HealthState::Critical).await;
}

#[tokio::test]
async fn who_reports_no_more_is_critical_in_the_end() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let mut spec = ttl(watch::channel(true).1);
    spec.settings.check_ttl = Duration::from_secs(1);
    let registered = start(consul.clone(), spec).unwrap();
    becomes(&consul, HealthState::Passing).await;
    drop(registered);
    becomes(&consul, HealthState::Critical).await;
}

#[tokio::test]
async fn consul_asks_a_grpc_member_for_its_service() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let (reporter, service) = tonic_health::server::health_reporter();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bound = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let http2 = http2::Builder::new(TokioExecutor::new());
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http2.serve_connection(TokioIo::new(stream), service));
        }
    });

    reporter
        .set_service_status("geo.Geo", ServingStatus::NotServing)
        .await;
    let registered = start(consul.clone(), probed(grpc("geo.Geo"), bound)).unwrap();
    becomes(&consul, HealthState::Critical).await;
    reporter
        .set_service_status("geo.Geo", ServingStatus::Serving)
        .await;
    becomes(&consul, HealthState::Passing).await;
    registered.deregister().await.unwrap();
    server.abort();
}

#[tokio::test]
async fn consul_asks_an_http_member_for_a_page() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let page = Fake::start(|request| match request.line() {
        "GET /healthz" => Reply::Status(200, "ok".to_owned()),
        _ => Reply::Status(404, String::new()),
    })
    .await;
    let protocol = Protocol::Http {
        health: "/healthz".to_owned(),
    };
    let registered = start(consul.clone(), probed(protocol, page.address())).unwrap();
    becomes(&consul, HealthState::Passing).await;
    let service = consul.agent_service(registered.id(), None).await.unwrap();
    assert_eq!(service.meta["protocol"], "http");
}

/// An agent that remembers the last registration and never waits; `change` is what it makes of it.
fn forgetful(change: fn(&mut Value)) -> impl Fn(&Request) -> Reply {
    let kept = Arc::new(Mutex::new(Value::Null));
    move |request| {
        let mut kept = kept.lock().unwrap();
        if request.line().starts_with("PUT /v1/agent/service/register") {
            *kept = serde_json::from_str(&request.body).unwrap();
            kept["Service"] = kept["Name"].clone();
            change(&mut kept);
        }
        Reply::Json(1, kept.to_string())
    }
}

#[tokio::test]
async fn an_agent_that_writes_it_in_its_own_way_is_let_be() {
    let fake = Fake::start(forgetful(|kept| kept["Tags"] = json!(["its-own"]))).await;
    let registered = start(fake.consul(), ttl(watch::channel(true).1)).unwrap();
    until("some looks", async || {
        (fake.count("GET") >= 4).then_some(())
    })
    .await;
    assert_eq!(fake.count("PUT /v1/agent/service/register"), 2);
    is_registered(&registered).await;
}

/// The state of the check with each registration so far.
fn statuses(fake: &Fake) -> Vec<String> {
    let requests = fake.answered().into_iter();
    requests
        .filter(|request| request.line().contains("/register"))
        .map(|request| {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            body["Checks"][0]["Status"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn what_consul_reaped_comes_back_only_when_consul_can_reach_it() {
    let reaps = |request: &Request| match request.line().starts_with("GET") {
        true => Reply::Status(404, "unknown service ID".to_owned()),
        false => Reply::Status(200, String::new()),
    };
    let fake = Fake::start(reaps).await;
    let spec = Spec {
        healthy: watch::channel(true).1,
        ..probed(grpc("geo.Geo"), "127.0.0.1:4711".parse().unwrap())
    };
    let _registered = start(fake.consul(), spec).unwrap();
    until("it is back", async || {
        (statuses(&fake).len() >= 3).then_some(())
    })
    .await;
    assert_eq!(statuses(&fake)[..3], ["passing", "critical", "critical"]);
}

#[tokio::test]
async fn a_check_that_is_missing_is_registered_again() {
    let keeps = forgetful(|_| ());
    let loses = move |request: &Request| match request.line().contains("/check/update/") {
        true => Reply::Status(404, "unknown check".to_owned()),
        false => keeps(request),
    };
    let fake = Fake::start(loses).await;
    let _registered = start(fake.consul(), ttl(watch::channel(true).1)).unwrap();
    until("it is back", async || {
        (statuses(&fake).len() >= 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn reports_come_often_enough() {
    let fake = Fake::start(forgetful(|_| ())).await;
    let mut spec = ttl(watch::channel(true).1);
    spec.settings.check_ttl = Duration::from_millis(300);
    let _registered = start(fake.consul(), spec).unwrap();
    let reports = || fake.count("PUT /v1/agent/check/update/service%3Ageo-127.0.0.1-4711-");
    until("some reports", async || (reports() >= 4).then_some(())).await;
}

#[tokio::test]
async fn a_registration_under_way_ends_before_the_instance_is_taken_off() {
    let (begun, mut has_begun) = watch::channel(false);
    let slow = move |request: &Request| {
        let ok = Reply::Status(200, String::new());
        if request.line().starts_with("PUT /v1/agent/service/register") {
            begun.send_replace(true);
            return Reply::Late(Duration::from_millis(300), Box::new(ok));
        }
        ok
    };
    let fake = Fake::start(slow).await;
    let registered = start(fake.consul(), ttl(watch::channel(true).1)).unwrap();
    soon("the call", has_begun.wait_for(|begun| *begun))
        .await
        .unwrap();
    registered.deregister().await.unwrap();

    let calls: Vec<_> = fake
        .answered()
        .iter()
        .map(|request| request.line().to_owned())
        .collect();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].contains("/register"), "{calls:?}");
    assert!(calls[1].contains("/deregister/"), "{calls:?}");
}

#[tokio::test]
async fn an_agent_that_does_not_answer_cannot_hold_up_the_end() {
    let fake = Fake::start(|_| Reply::Hang).await;
    let registered = start(fake.consul(), ttl(watch::channel(true).1)).unwrap();
    let error = soon("the end", registered.deregister()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("/v1/agent/service/deregister/geo-"),
        "{error}"
    );
}

#[tokio::test]
async fn without_an_address_to_advertise_nothing_starts() {
    let fake = Fake::start(|_| Reply::Hang).await;
    let spec = Spec {
        bound: "0.0.0.0:80".parse().unwrap(),
        ..ttl(watch::channel(true).1)
    };
    let error = start(fake.consul(), spec).unwrap_err();
    assert!(matches!(error, NoAddress::Unspecified { .. }), "{error}");
}
