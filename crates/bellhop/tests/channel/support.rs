//! Channels over what a test says of the registry.

use std::{sync::Arc, time::Duration};

use bellhop::{
    client::{Channel, Error},
    discovery::{Change, Event},
};
use futures_util::{Stream, stream};
use tokio::{net::TcpListener, time::timeout};
use tonic::Status;

pub(crate) use crate::servers::calls::{answer, call, everybody, insert};
use crate::servers::{Server, calls::reset};

pub(crate) fn channel(discovery: impl Stream<Item = Event> + Send + 'static) -> Channel {
    Channel::over("echo", discovery).unwrap()
}

/// Calls until all servers have had a call, so that all of them are connected.
pub(crate) async fn until_all_are_called(channel: &Channel, servers: &[Server]) {
    while servers.iter().any(|server| server.calls() == 0) {
        call(channel).await.unwrap();
    }
    reset(servers);
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
