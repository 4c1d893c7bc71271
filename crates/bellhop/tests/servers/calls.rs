//! Calls over a channel to a few servers.

use bellhop::{
    client::Channel,
    discovery::{Change, Event, Instance, InstanceId},
};
use futures_util::{Stream, StreamExt, stream};
use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::Server;

/// That an instance has come.
pub(crate) fn insert(id: &str, port: u16) -> Change {
    let instance = Instance {
        host: "127.0.0.1".to_owned(),
        port,
        weight: 1,
        signs: false,
        version: None,
    };
    Change::Insert(InstanceId::new(id), instance)
}

/// A registry that answers once and then has nothing to add.
pub(crate) fn answer(changes: Vec<Change>, registered: usize) -> impl Stream<Item = Event> + Send {
    stream::iter([Event::Answer {
        changes,
        registered,
    }])
    .chain(stream::pending())
}

/// One that names these.
pub(crate) fn everybody(servers: &[Server]) -> impl Stream<Item = Event> + Send + use<> {
    let named = |(index, server): (usize, &Server)| insert(&format!("echo-{index}"), server.port());
    let changes = servers.iter().enumerate().map(named).collect();
    answer(changes, servers.len())
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
