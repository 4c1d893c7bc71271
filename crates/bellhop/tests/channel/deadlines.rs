//! How long a call may take.

use std::{future::Future, pin::Pin, time::Duration};

use bellhop::{
    client::{Channel, Error},
    context::Scope,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use tonic::{Code, Request, Status, Streaming};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::{
    servers::{Behaviour, Server},
    support::{call, cause, channel, everybody, until_all_are_called},
};

/// A call on its way.
type Call = Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>;

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
async fn so_it_does_one_whose_answer_has_begun() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    servers[0].behave(Behaviour::Hang);
    let mut client = HealthClient::new(channel);
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(500));
    let mut answers = client.watch(request).await.unwrap().into_inner();
    answers.message().await.unwrap().expect("a first message");
    let end = timeout(Duration::from_secs(30), answers.message()).await;
    let status = end.expect("an end").unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

/// A stream that its server has more to say of for a second.
async fn stream(
    channel: &Channel,
    server: &Server,
    behaviour: Behaviour,
) -> Streaming<HealthCheckResponse> {
    server.behave(behaviour);
    let mut client = HealthClient::new(channel.clone());
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(1));
    let answers = client.watch(request).await.unwrap().into_inner();
    assert_eq!(server.streams(), 1);
    answers
}

/// Reads to the end, which is a failure.
async fn end(mut answers: Streaming<HealthCheckResponse>) -> Status {
    loop {
        match answers.message().await {
            Ok(message) => assert!(message.is_some(), "it has no end"),
            Err(status) => return status,
        }
    }
}

#[tokio::test]
async fn so_it_does_one_that_always_has_something_and_one_that_nobody_reads() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    for behaviour in [Behaviour::Hang, Behaviour::Flood] {
        for reads in [true, false] {
            let answers = stream(&channel, &servers[0], behaviour).await;
            if !reads {
                none_is_open(&servers[0]).await;
            }
            let status = timeout(Duration::from_secs(30), end(answers)).await;
            let status = status.expect("an end");
            assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
            assert!(matches!(cause(&status), Error::DeadlineExceeded { .. }));
            none_is_open(&servers[0]).await;
        }
    }
}

/// Returns once the server has been told that nobody wants to hear more.
async fn none_is_open(server: &Server) {
    let none = async {
        while server.streams() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), none)
        .await
        .expect("no open stream");
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
async fn work_that_a_call_spawns_keeps_its_deadline_and_its_attempts() {
    let servers = [Server::start()];
    let channel = channel(everybody(&servers));
    until_all_are_called(&channel, &servers).await;
    let scope = Scope {
        deadline: Some(Instant::now() + Duration::from_secs(3)),
        attempts: Some(1),
        ..Scope::default()
    };
    let spawned = async |spawn: fn(Call) -> JoinHandle<Result<(), Status>>| {
        let channel = channel.clone();
        let work: Call = Box::pin(async move { call(&channel).await });
        let work = scope.clone().enter(async { spawn(work).await });
        work.await.unwrap().unwrap();
        (servers[0].timeout().unwrap(), servers[0].attempts())
    };
    let (kept, attempts) = spawned(bellhop::spawn).await;
    assert!(kept <= Duration::from_secs(3), "{kept:?}");
    assert_eq!(attempts.as_deref(), Some("1"));
    let (own, attempts) = spawned(tokio::spawn).await;
    assert!(own > Duration::from_secs(3), "{own:?}");
    assert_eq!(attempts.as_deref(), Some("2"));
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
