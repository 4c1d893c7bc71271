//! Keeping an instance registered at agents that do odd things.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::registration::{NoAddress, Spec, start};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    registration::{grpc, is_registered, probed, ttl},
    support::{
        fake::{Fake, Reply, Request},
        wait::{soon, until},
    },
};

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
        (fake.count("GET") >= 6).then_some(())
    })
    .await;
    // The first, and three corrections.
    assert_eq!(fake.count("PUT /v1/agent/service/register"), 4);
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
