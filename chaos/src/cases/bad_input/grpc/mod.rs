//! Bad input to the gRPC services: calls that are none, and frames that make no connection.

mod call;
mod calls;
mod flood;
mod frames;

use std::net::SocketAddr;

use futures_util::{StreamExt, future::BoxFuture, stream};

use super::Outcome;
use crate::Stage;

/// So many at a time.
const AT_ONCE: usize = 8;

/// Sends all inputs, each to one of those that it is meant for.
pub(super) async fn round(stage: &Stage, number: usize) -> Outcome {
    let mut sending: Vec<BoxFuture<'static, Option<String>>> = Vec::new();
    for (n, call) in calls::all(number).into_iter().enumerate() {
        let address = address(stage, call.service(), n + number);
        sending.push(Box::pin(async move { call.judge(address).await }));
    }
    // The frontends speak HTTP/2 too.
    let services = ["geo", "rate", "profile", "search", "frontend"];
    for (n, flood) in flood::all().into_iter().enumerate() {
        let address = address(stage, services[(n + number) % services.len()], number);
        sending.push(Box::pin(async move { flood.judge(address).await }));
    }
    let mut outcome = Outcome::default();
    let mut judged = stream::iter(sending).buffer_unordered(AT_ONCE);
    while let Some(fault) = judged.next().await {
        outcome.add(fault);
    }
    outcome
}

/// One instance of a service, another one each time.
fn address(stage: &Stage, service: &str, turn: usize) -> SocketAddr {
    let members = &stage.members[service];
    members[turn % members.len()].address
}
