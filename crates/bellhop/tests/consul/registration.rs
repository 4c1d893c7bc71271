//! Keeping an instance registered.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bellhop::{
    consul::{Consul, Definition, Error, HealthState, Query},
    registration::{CheckBy, Protocol, Registered, Settings, Spec, State, start},
};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::watch};
use tonic_health::ServingStatus;

use crate::{
    definition,
    support::{
        agent::Agent,
        fake::{Fake, Reply},
        wait::{PATIENCE, soon, until},
    },
};

pub(crate) fn grpc(health: &str) -> Protocol {
    Protocol::Grpc {
        health: health.to_owned(),
    }
}

/// An instance that reports by itself.
pub(crate) fn ttl(healthy: watch::Receiver<bool>) -> Spec {
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
pub(crate) fn probed(protocol: Protocol, bound: SocketAddr) -> Spec {
    Spec {
        protocol,
        bound,
        settings: Settings::default(),
        ..ttl(watch::channel(false).1)
    }
}

pub(crate) async fn is_registered(registered: &Registered) {
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
async fn who_was_killed_is_taken_off_by_who_has_its_address_now() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let killed = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    is_registered(&killed).await;
    let gone = killed.id().to_owned();
    drop(killed);
    let mut elsewhere = ttl(watch::channel(true).1);
    elsewhere.bound.set_port(4712);
    let elsewhere = start(consul.clone(), elsewhere).unwrap();
    is_registered(&elsewhere).await;
    is_known(&consul, &gone).await;

    let back = start(consul.clone(), ttl(watch::channel(true).1)).unwrap();
    is_registered(&back).await;
    until("two that are there", async || {
        let known = consul.agent_services("geo").await.unwrap();
        let known: BTreeSet<_> = known.iter().map(|one| one.id.as_str()).collect();
        (known == BTreeSet::from([back.id(), elsewhere.id()])).then_some(())
    })
    .await;
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

#[tokio::test]
async fn an_agent_that_fails_for_a_while_is_asked_ever_less_and_gets_the_instance_in_the_end() {
    let well = Arc::new(AtomicBool::new(false));
    let is_well = well.clone();
    let agent = Fake::start(move |request| {
        if !is_well.load(Ordering::Relaxed) {
            return Reply::Status(500, "No cluster leader".to_owned());
        }
        match request.line() {
            line if line.starts_with("PUT") => Reply::Json(1, String::new()),
            _ => Reply::Hang,
        }
    })
    .await;
    let registered = start(agent.consul(), ttl(watch::channel(true).1)).unwrap();
    let mut state = registered.state();
    let lost = |state: &State| matches!(state, State::Lost { .. });
    soon("the loss", state.wait_for(lost)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    // At least 50, 100, 200, 400 and then 500 ms lie between two; without a pause it would be hundreds.
    let asked = agent.count("PUT");
    assert!(asked <= 20, "asked {asked} times");
    well.store(true, Ordering::Relaxed);
    is_registered(&registered).await;
}

#[tokio::test]
async fn leaving_does_not_wait_for_an_agent_that_does_not_answer() {
    let agent = Fake::start(|request| {
        if request.line().contains("deregister") {
            Reply::Hang
        } else {
            Reply::Raw(Vec::new())
        }
    })
    .await;
    // A machine that stands still for a while must not have the call give up before the leaving does.
    let consul = Consul::new(agent.config().timeout(PATIENCE));
    let registered = start(consul, ttl(watch::channel(true).1)).unwrap();
    let lost = |state: &State| matches!(state, State::Lost { .. });
    soon("the loss", registered.state().wait_for(lost))
        .await
        .unwrap();
    let error = registered.deregister().await.unwrap_err();
    let half_a_second = Duration::from_millis(500);
    assert!(
        matches!(error, Error::Timeout { after, .. } if after == half_a_second),
        "{error}"
    );
}
