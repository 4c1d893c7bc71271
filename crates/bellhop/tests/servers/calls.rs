//! Calls over a channel to a few servers.

use bellhop::{
    client::Channel,
    discovery::{Change, Event, Instance, InstanceId},
};
use futures_util::{Stream, StreamExt, stream};
use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::Server;

/// That these are all.
pub(crate) fn everybody(servers: &[Server]) -> impl Stream<Item = Event> + Send + use<> {
    let insert = |(index, server): (usize, &Server)| {
        let instance = Instance {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            weight: 1,
            signs: false,
        };
        Change::Insert(InstanceId::new(format!("echo-{index}")), instance)
    };
    let answer = Event::Answer {
        changes: servers.iter().enumerate().map(insert).collect(),
        registered: servers.len(),
    };
    stream::iter([answer]).chain(stream::pending())
}

/// Forgets the calls so far.
pub(crate) fn reset(servers: &[Server]) {
    for server in servers {
        server.reset();
    }
}

/// How often each was called.
pub(crate) fn counts(servers: &[Server]) -> Vec<usize> {
    servers.iter().map(Server::calls).collect()
}

/// One call, of which nothing but its end matters.
pub(crate) async fn call(channel: &Channel) -> Result<(), Status> {
    let mut client = HealthClient::new(channel.clone());
    client.check(HealthCheckRequest::default()).await.map(drop)
}

/// So many calls; how many failed.
pub(crate) async fn calls(channel: &Channel, count: usize) -> usize {
    let mut failed = 0;
    for _ in 0..count {
        failed += usize::from(call(channel).await.is_err());
    }
    failed
}
