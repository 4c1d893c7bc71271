//! Calls that find nobody, and what they are told.

use std::time::Duration;

use bellhop::client::Error;
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    servers::{self, Server},
    support::{answer, call, cause, channel, insert},
};

#[tokio::test]
async fn a_service_that_nobody_has_seen_is_unavailable() {
    let status = call(&channel(answer(Vec::new(), 0))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("echo"), "{status}");
    assert!(
        status.message().contains("no instance was ever registered"),
        "{status}"
    );
}

#[tokio::test]
async fn a_call_in_a_hurry_still_says_why_there_is_nobody() {
    let mut client = HealthClient::new(channel(answer(Vec::new(), 2)));
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(100));
    let status = client.check(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

#[tokio::test]
async fn instances_that_are_not_passing_are_told_from_absent_ones() {
    let status = call(&channel(answer(Vec::new(), 2))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().contains("none of the 2 registered"),
        "{status}"
    );
}

#[tokio::test]
async fn an_instance_that_refuses_is_named() {
    let port = servers::unused_port().await;
    let status = call(&channel(answer(vec![insert("echo-dead", port)], 1)))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    for part in [
        "none of the 1 passing",
        "echo-dead",
        &port.to_string(),
        "refused",
    ] {
        assert!(status.message().contains(part), "{part}: {status}");
    }
    assert!(matches!(cause(&status), Error::Unavailable { .. }));
}

#[tokio::test]
async fn who_accepts_and_never_answers_takes_no_turns() {
    let servers = [Server::start()];
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let changes = vec![
        insert("echo-0", servers[0].port()),
        insert("echo-silent", port),
    ];
    let channel = channel(answer(changes, 2));
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 20);
}
