//! Tokens and authorities that change in their files while all goes on.

use std::fs;

use bellhop::{
    consul::{Error, HealthState, Query},
    discovery::{Event, Settings, watch},
    registration::start,
};
use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::sync;

use crate::{
    acl::{MASTER, Strict},
    registration::{is_registered, ttl},
    support::{
        pki::Pki,
        wait::{PATIENCE, soon, until},
    },
    tls::{consul, server},
};

const OLD: &str = "88888888-8888-8888-8888-888888888888";
const NEW: &str = "99999999-9999-9999-9999-999999999999";
const RULES: &str =
    r#"service \"geo\" { policy = \"write\" } node_prefix \"\" { policy = \"read\" }"#;

#[tokio::test]
async fn a_token_takes_over_from_one_that_is_taken_away() {
    let Some(strict) = Strict::start().await else {
        return;
    };
    strict.grant("old", RULES, OLD).await;
    strict.grant("new", RULES, NEW).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, OLD).unwrap();
    let consul = strict.consul_by("CONSUL_HTTP_TOKEN_FILE", file.to_str().unwrap());
    let (healthy, receiver) = sync::watch::channel(true);
    let mut spec = ttl(receiver);
    // At that of `ttl` there is somebody.
    spec.bound.set_port(4712);
    let registered = start(consul.clone(), spec).unwrap();
    is_registered(&registered).await;
    let settings = Settings {
        wait: PATIENCE,
        ..Settings::default()
    };
    let mut follower = watch(consul, "geo", settings);
    let mut follow = async || {
        loop {
            match soon("an event", follower.next()).await.unwrap() {
                Event::Unreachable { error } => panic!("{error}"),
                Event::Answer {
                    changes,
                    registered: 2,
                    ..
                } if !changes.is_empty() => return,
                _ => {}
            }
        }
    };
    follow().await;

    fs::write(&file, NEW).unwrap();
    strict.revoke("old").await;
    // The agent says so to the catalog by the token of the registration.
    healthy.send_replace(false);
    let master = strict.consul(MASTER);
    until("a catalog that has heard of it", async || {
        let known = master.health_service("geo", Query::NOW).await.unwrap();
        let ours = known.value.into_iter();
        let mut ours = ours.filter(|one| one.service.id == registered.id());
        (ours.next()?.state() == HealthState::Critical).then_some(())
    })
    .await;
    follow().await;
    registered.deregister().await.unwrap();
}

#[tokio::test]
async fn an_authority_is_trusted_from_when_it_is_in_the_file() {
    let (ours, others) = (Pki::new(), Pki::new());
    others.sign("server", &["localhost"]);
    let (_fake, address) = server(&others, false).await;
    let consul = consul(&[
        ("CONSUL_HTTP_ADDR", format!("https://{address}")),
        ("CONSUL_CACERT", ours.setting("ca.pem")),
    ]);
    let refused = consul.leader().await.unwrap_err();
    assert!(matches!(refused, Error::Connect { .. }), "{refused}");
    let both = [&ours, &others].map(|of| fs::read_to_string(of.path("ca.pem")).unwrap());
    fs::write(ours.path("ca.pem"), both.concat()).unwrap();
    let leader = until("a server that is trusted", async || {
        consul.leader().await.ok()
    });
    assert_eq!(leader.await.unwrap(), "10.0.0.1:8300");
}
