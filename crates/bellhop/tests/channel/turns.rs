//! Whose turn it is.

use crate::{
    servers::Server,
    support::{call, channel, everybody, until_all_are_called},
};

#[tokio::test]
async fn three_instances_take_turns() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    for _ in 0..300 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers.each_ref().map(Server::calls), [100, 100, 100]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clones_on_many_threads_share_their_turns() {
    let servers = [Server::start(), Server::start(), Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    let callers: Vec<_> = (0..10)
        .map(|_| {
            let channel = channel.clone();
            tokio::spawn(async move {
                for _ in 0..31 {
                    call(&channel).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let mut counts = servers.each_ref().map(Server::calls);
    counts.sort_unstable();
    assert_eq!(counts, [103, 103, 104]);
}
