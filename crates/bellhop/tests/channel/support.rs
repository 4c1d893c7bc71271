//! Channels over what a test says of the registry.

use std::{sync::Arc, time::Duration};

use bellhop::{
    client::{Channel, Error},
    discovery::{Change, Event, Instance, InstanceId},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::{net::TcpListener, time::timeout};
use tonic::Status;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::servers::Server;

pub(crate) fn insert(id: &str, port: u16) -> Change {
    let instance = Instance {
        host: "127.0.0.1".to_owned(),
        port,
        weight: 1,
        signs: false,
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

pub(crate) fn everybody(servers: &[Server]) -> impl Stream<Item = Event> + Send + use<> {
    let changes = servers.iter().enumerate();
    let changes: Vec<_> = changes
        .map(|(index, server)| insert(&format!("echo-{index}"), server.port()))
        .collect();
    let registered = changes.len();
    answer(changes, registered)
}

pub(crate) fn channel(discovery: impl Stream<Item = Event> + Send + 'static) -> Channel {
    Channel::over("echo", discovery).unwrap()
}

pub(crate) async fn call(channel: &Channel) -> Result<(), Status> {
    let mut client = HealthClient::new(channel.clone());
    client.check(HealthCheckRequest::default()).await.map(drop)
}

/// Calls until all servers have had a call, so that all of them are connected.
pub(crate) async fn until_all_are_called(channel: &Channel, servers: &[Server]) {
    while servers.iter().any(|server| server.calls() == 0) {
        call(channel).await.unwrap();
    }
    for server in servers {
        server.reset();
    }
}

/// Waits until somebody is connected: of a short time nothing is to go into that.
pub(crate) async fn connected(channel: &Channel) {
    while channel.report().connected == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ends so many connections to a port at which nobody is, as soon as they come.
pub(crate) async fn refuse(port: u16, times: usize) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let all = async {
        for _ in 0..times {
            drop(listener.accept().await.unwrap());
        }
    };
    timeout(Duration::from_secs(60), all)
        .await
        .expect("it is tried again and again");
}

pub(crate) fn keep(id: &str, port: u16) -> Change {
    match insert(id, port) {
        Change::Insert(id, instance) => Change::Keep(id, instance),
        other => other,
    }
}

pub(crate) fn cause(status: &Status) -> &Error {
    let source = std::error::Error::source(status).expect("the cause");
    source.downcast_ref().expect("an error of bellhop")
}

/// A registry that a test speaks for.
pub(crate) fn registry() -> (
    tokio::sync::mpsc::UnboundedSender<Event>,
    impl Stream<Item = Event> + Send + 'static,
) {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
    let events = stream::unfold(receiver, |receiver| async move {
        let event = receiver.lock().await.recv().await?;
        Some((event, receiver))
    });
    (sender, events)
}
