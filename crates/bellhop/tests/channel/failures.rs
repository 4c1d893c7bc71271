//! Calls that fail on their way, or at their end.

use bellhop::client::Error;
use tonic::Code;

use crate::{
    servers::{Behaviour, Server},
    support::{call, cause, channel, everybody},
};

#[tokio::test]
async fn a_connection_that_is_lost_in_a_call_names_the_instance() {
    let mut servers = [Server::behaving(Behaviour::Hang)];
    let channel = channel(everybody(&servers));
    let calling = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel).await }
    });
    servers[0].called().await;
    servers[0].kill();
    let status = calling.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("echo-0"), "{status}");
    assert!(matches!(cause(&status), Error::Connection { .. }));
}

#[tokio::test]
async fn a_status_of_the_application_passes_as_it_is() {
    let servers = [Server::behaving(Behaviour::Fail(Code::NotFound))];
    let status = call(&channel(everybody(&servers))).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "out of order")
    );
}
