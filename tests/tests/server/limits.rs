//! Limits per caller and method, over real sockets.

use bellhop::limit::retry_after;
use tonic::Code;

use crate::stage::{Stage, ask};

#[tokio::test]
async fn who_calls_too_often_is_told_when_to_come_again() {
    // One in 100 s: the second one comes too soon, however slow the machine.
    let stage = Stage::with(&[("BELLHOP_LIMIT", "geo.Geo/Nearby:0.01:2")]).await;
    let mut caller = stage.plain().await;
    for _ in 0..2 {
        caller.nearby(ask(0.0)).await.unwrap();
    }
    let status = caller.nearby(ask(0.0)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    let after = retry_after(&status).expect("a time to come again");
    assert!((1..=100).contains(&after.as_secs()), "{after:?}");
    assert!(!status.details().is_empty(), "a google.rpc.RetryInfo");

    // Another one has a bucket of its own, by its name; but the leaf, which only the middle calls, has had its two.
    let status = stage.client().nearby(ask(0.0)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    // The middle passes on what the leaf says; but it has seen the call.
    assert_eq!(
        status.metadata().get("bellhop-refused").unwrap(),
        "upstream"
    );
    stage.handlers.begun(2).await;
}

#[tokio::test]
async fn each_caller_has_its_own() {
    let stage = Stage::with(&[("BELLHOP_LIMIT", "geo.Geo/Nearby:0.01:2")]).await;
    for _ in 0..2 {
        stage.client().nearby(ask(0.0)).await.unwrap();
    }
    let leaf = stage.leaf().await;
    // By its address, since tonic's own client has no name: the middle has used up what is its own.
    leaf.clone().nearby(ask(0.0)).await.unwrap();
    stage.client().nearby(ask(0.0)).await.unwrap_err();
    leaf.clone().nearby(ask(0.0)).await.unwrap();
    leaf.clone().nearby(ask(0.0)).await.unwrap_err();
}
