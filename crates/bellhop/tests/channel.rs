//! Channels over real sockets, with tonic's own servers at the other end.

mod servers;

use std::{sync::Arc, time::Duration};

use bellhop::{
    client::{Channel, Error},
    context::Scope,
    discovery::{Change, Event, Instance, InstanceId},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::Instant;
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use servers::{Behaviour, Server};

fn insert(id: &str, port: u16) -> Change {
    let instance = Instance {
        host: "127.0.0.1".to_owned(),
        port,
        weight: 1,
    };
    Change::Insert(InstanceId::new(id), instance)
}

/// A registry that answers once and then has nothing to add.
fn answer(changes: Vec<Change>, registered: usize) -> impl Stream<Item = Event> + Send {
    stream::iter([Event::Answer {
        changes,
        registered,
    }])
    .chain(stream::pending())
}

fn everybody(servers: &[Server]) -> impl Stream<Item = Event> + Send + use<> {
    let changes = servers.iter().enumerate();
    let changes: Vec<_> = changes
        .map(|(index, server)| insert(&format!("echo-{index}"), server.port()))
        .collect();
    let registered = changes.len();
    answer(changes, registered)
}

fn channel(discovery: impl Stream<Item = Event> + Send + 'static) -> Channel {
    Channel::over("echo", discovery).unwrap()
}

async fn call(channel: &Channel) -> Result<(), Status> {
    let mut client = HealthClient::new(channel.clone());
    client.check(HealthCheckRequest::default()).await.map(drop)
}

/// Calls until all servers have had a call, so that all of them are connected.
async fn until_all_are_called(channel: &Channel, servers: &[Server]) {
    while servers.iter().any(|server| server.calls() == 0) {
        call(channel).await.unwrap();
    }
    for server in servers {
        server.reset();
    }
}

/// Waits until somebody is connected: of a short time nothing is to go into that.
async fn connected(channel: &Channel) {
    while channel.report().connected == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn keep(id: &str, port: u16) -> Change {
    match insert(id, port) {
        Change::Insert(id, instance) => Change::Keep(id, instance),
        other => other,
    }
}

fn cause(status: &Status) -> &Error {
    let source = std::error::Error::source(status).expect("the cause");
    source.downcast_ref().expect("an error of bellhop")
}

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

#[tokio::test]
async fn an_instance_that_comes_back_is_called_again() {
    let mut servers = [Server::start(), Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;

    let port = servers[0].port();
    servers[0].stop().await;
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    servers[0] = Server::start_at(port);
    until_all_are_called(&channel, &servers).await;
}

#[tokio::test]
async fn an_instance_that_is_removed_is_not_called_again() {
    let servers = [Server::start(), Server::start()];
    let (registry, events) = futures_util_channel();
    let channel = channel(events);
    let changes = vec![
        insert("a", servers[0].port()),
        insert("b", servers[1].port()),
    ];
    registry
        .send(Event::Answer {
            changes,
            registered: 2,
        })
        .unwrap();
    until_all_are_called(&channel, &servers).await;

    let changes = vec![Change::Remove(InstanceId::new("a"))];
    registry
        .send(Event::Answer {
            changes,
            registered: 1,
        })
        .unwrap();
    // Until the news has arrived turns go on; from then on none goes to the one that is gone.
    let mut in_a_row = 0;
    while in_a_row < 10 {
        let before = servers[1].calls();
        call(&channel).await.unwrap();
        in_a_row = if servers[1].calls() > before {
            in_a_row + 1
        } else {
            0
        };
    }
    servers[0].reset();
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 0);
}

#[tokio::test]
async fn an_instance_that_is_kept_is_called_while_it_answers() {
    let mut servers = [Server::start(), Server::start()];
    let (registry, events) = futures_util_channel();
    let channel = channel(events);
    let ports = [servers[0].port(), servers[1].port()];
    let answer = |changes, registered| {
        let answer = Event::Answer {
            changes,
            registered,
        };
        registry.send(answer).unwrap();
    };
    answer(vec![insert("a", ports[0]), insert("b", ports[1])], 2);
    until_all_are_called(&channel, &servers).await;

    // The registry has forgotten both.
    answer(vec![keep("a", ports[0]), keep("b", ports[1])], 0);
    while channel.report().kept < 2 {
        call(&channel).await.unwrap();
    }
    until_all_are_called(&channel, &servers).await;

    // One of them was really gone.
    servers[0].stop().await;
    while channel.report().known == 2 {
        call(&channel).await.unwrap();
    }
    assert_eq!(channel.report().kept, 1);
    servers[0] = Server::start_at(ports[0]);
    for _ in 0..10 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 0, "it is not tried again");

    // And is back, as the registry says.
    answer(vec![insert("a", ports[0]), insert("b", ports[1])], 2);
    until_all_are_called(&channel, &servers).await;
    assert_eq!(channel.report().kept, 0);

    // Now the one is forgotten and gone, and the other has left properly.
    answer(
        vec![keep("a", ports[0]), Change::Remove(InstanceId::new("b"))],
        0,
    );
    servers[0].stop().await;
    while channel.report().known > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = call(&channel).await.unwrap_err();
    assert!(
        status.message().contains("all instances have deregistered"),
        "{status}"
    );
}

#[tokio::test]
async fn a_critical_instance_is_called_where_nobody_else_can_be() {
    let mut servers = [Server::start(), Server::start()];
    let (registry, events) = futures_util_channel();
    let channel = channel(events);
    let ports = [servers[0].port(), servers[1].port()];
    let answer = |changes| {
        let registered = 2;
        let answer = Event::Answer {
            changes,
            registered,
        };
        registry.send(answer).unwrap();
    };
    answer(vec![insert("a", ports[0]), insert("b", ports[1])]);
    until_all_are_called(&channel, &servers).await;

    let Change::Insert(id, instance) = insert("a", ports[0]) else {
        unreachable!("as asked")
    };
    answer(vec![Change::Spare(id, instance)]);
    while channel.report().spare == 0 || channel.report().connected > 1 {
        call(&channel).await.unwrap();
    }
    servers[0].reset();
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert_eq!(servers[0].calls(), 0);
    assert_eq!((channel.report().known, channel.report().kept), (1, 0));

    // Nobody is left but the one that the registry finds critical.
    servers[1].stop().await;
    for _ in 0..20 {
        call(&channel).await.unwrap();
    }
    assert!(channel.report().panic);
    assert_eq!((channel.report().spare, channel.report().kept), (0, 1));

    servers[1] = Server::start_at(ports[1]);
    while channel.report().panic {
        call(&channel).await.unwrap();
    }
    answer(vec![insert("a", ports[0])]);
    until_all_are_called(&channel, &servers).await;
}

#[tokio::test]
async fn a_kept_instance_that_falls_silent_is_let_go() {
    let server = Server::start();
    let (registry, events) = futures_util_channel();
    let channel = channel(events);
    let answer = |changes| {
        let registered = 1;
        registry
            .send(Event::Answer {
                changes,
                registered,
            })
            .unwrap();
    };
    answer(vec![insert("a", server.port())]);
    connected(&channel).await;
    let _frozen = server.freeze();
    answer(vec![keep("a", server.port())]);
    while channel.report().known > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = call(&channel).await.unwrap_err();
    let none = "none of the 1 registered instances is passing";
    assert!(status.message().contains(none), "{status}");
}

#[tokio::test]
async fn the_requests_own_timeout_ends_a_call() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    servers[0].behave(Behaviour::Hang);
    let mut client = HealthClient::new(channel);
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let status = client.check(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn time_that_is_over_is_no_cancellation() {
    // tonic's own servers say CANCELLED when the time of a call is over.
    let servers = [Server::behaving(Behaviour::Hang)];
    let channel = channel(everybody(&servers));
    tokio::select! {
        answer = call(&channel) => panic!("{answer:?}"),
        // From here on there is a connection.
        () = servers[0].called() => {}
    }
    let mut client = HealthClient::new(channel);
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(100));
    let mut calling = std::pin::pin!(client.check(request));
    tokio::select! {
        biased;
        answer = &mut calling => panic!("{answer:?}"),
        () = servers[0].called() => {}
    }
    // The server has said so before the caller looks at the clock again.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = calling.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn the_deadline_shrinks_from_hop_to_hop() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    let deadline = Some(Instant::now() + Duration::from_secs(3));
    let scope = Scope {
        deadline,
        ..Scope::default()
    };
    scope.enter(call(&channel)).await.unwrap();
    let sent = servers[0].timeout().expect("a grpc-timeout");
    assert!(
        sent <= Duration::from_secs(3) && sent > Duration::ZERO,
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_sent() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    call(&channel).await.unwrap();
    let scope = Scope {
        deadline: Some(Instant::now()),
        ..Scope::default()
    };
    let status = scope.enter(call(&channel)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(servers[0].calls(), 1);
}

#[tokio::test]
async fn a_channel_gives_calls_a_bound_of_its_own() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    servers[0].behave(Behaviour::Hang);
    let channel = channel.with_timeout(Some(Duration::from_millis(50)));
    let status = call(&channel).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(matches!(cause(&status), Error::DeadlineExceeded { .. }));
}

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

/// A registry that a test speaks for.
fn futures_util_channel() -> (
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
