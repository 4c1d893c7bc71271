//! Calls to servers that misbehave, over real sockets.

mod raw;

use std::time::Duration;

use bellhop::{
    client::{Channel, End},
    discovery::{Change, Event, Instance, InstanceId},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use tonic::{Code, Status, body::Body};
use tower::ServiceExt;

use raw::{Act, Raw};

/// Idempotent by its nature.
const READ: &str = "/grpc.health.v1.Health/Check";
/// Of which nothing is known.
const BOOK: &str = "/hotel.Desk/Book";

const UNAVAILABLE: u8 = 14;
const NOT_FOUND: u8 = 5;

fn instance(id: &str, port: u16, weight: u32) -> Change {
    let instance = Instance {
        host: "127.0.0.1".to_owned(),
        port,
        weight,
        signs: false,
        version: None,
    };
    Change::Insert(InstanceId::new(id), instance)
}

/// Two servers, and a channel that is connected to both.
struct Stage {
    servers: [Raw; 2],
    channel: Channel,
}

impl Stage {
    async fn new() -> Self {
        Self::weighted([1, 1]).await
    }

    /// Whose servers have such shares of the turns.
    async fn weighted(weights: [u32; 2]) -> Self {
        let servers = [Raw::start().await, Raw::start().await];
        let changes = vec![
            instance("a", servers[0].port(), weights[0]),
            instance("b", servers[1].port(), weights[1]),
        ];
        let registered = changes.len();
        let answer = Event::Answer {
            changes,
            registered,
        };
        let events = stream::iter([answer]).chain(stream::pending());
        let channel = Channel::over("desk", events).unwrap();
        let stage = Self { servers, channel };
        while stage.servers.iter().any(|server| server.calls().is_empty()) {
            stage.call(BOOK).await.unwrap();
        }
        stage.servers.iter().for_each(Raw::forget);
        stage
    }

    async fn call(&self, path: &'static str) -> Result<(), Status> {
        let body = Body::new(Full::new(Bytes::from_static(&[0; 5])));
        let request = Request::post(path).header("te", "trailers");
        let request = request.header("content-type", "application/grpc");
        let answer = self
            .channel
            .clone()
            .oneshot(request.body(body).unwrap())
            .await?;
        let said = |headers: &HeaderMap| match Status::from_header_map(headers) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(()),
        };
        said(answer.headers())?;
        let body = answer.into_body().collect().await?;
        body.trailers().map_or(Ok(()), said)
    }

    /// Has the first server do something with its next call, and calls until it has. What the calls came to.
    async fn calls(&self, path: &'static str, act: Act) -> Vec<Result<(), Status>> {
        self.servers[0].act(&[act]);
        let mut answers = Vec::new();
        while !self.servers[0].is_done() {
            answers.push(self.call(path).await);
        }
        answers
    }

    /// How often the servers were called in all.
    fn called(&self) -> usize {
        self.servers.iter().map(|server| server.calls().len()).sum()
    }
}

#[tokio::test]
async fn a_read_survives_whatever_happens_before_an_answer() {
    for act in [
        Act::Head(UNAVAILABLE),
        Act::Trailers(UNAVAILABLE),
        Act::Refuse,
        Act::Cut,
        Act::HeadThenCut,
        // A message without a status is no answer yet, and nobody has seen it.
        Act::MessageThenCut,
        // Nor are 64 KiB of one.
        Act::FramesThenEnd(3),
        Act::FramesThenEnd(4),
        Act::LeaveBefore,
        Act::LeaveAfter,
    ] {
        let stage = Stage::new().await;
        let answers = stage.calls(READ, act).await;
        assert!(answers.iter().all(Result::is_ok), "{act:?}: {answers:?}");
        assert_eq!(stage.called(), answers.len() + 1, "{act:?}");
        let first = stage.servers[0].calls();
        assert_eq!(
            first.iter().filter(|done| **done == act).count(),
            1,
            "{act:?}"
        );
    }
}

#[tokio::test]
async fn another_one_is_tried_first_although_it_is_not_its_turn() {
    for (path, act) in [
        (READ, Act::Head(UNAVAILABLE)),
        (READ, Act::Cut),
        (BOOK, Act::Refuse),
    ] {
        // Nine of ten turns are those of the first.
        let stage = Stage::weighted([9, 1]).await;
        // Its breaker stays out of it.
        stage.servers[0].act(&[act; 4]);
        let mut answers = Vec::new();
        while !stage.servers[0].is_done() {
            answers.push(stage.call(path).await);
        }
        assert!(answers.iter().all(Result::is_ok), "{act:?}: {answers:?}");
        assert!(stage.servers[1].calls().len() >= 4, "{act:?}");
        assert_eq!(stage.called(), answers.len() + 4, "{act:?}");
    }
}

#[tokio::test]
async fn an_answer_that_has_begun_is_the_answer() {
    let stage = Stage::new().await;
    let answers = stage
        .calls(READ, Act::MessageThenTrailers(UNAVAILABLE))
        .await;
    let last = answers.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.code(), Code::Unavailable);
    assert_eq!(stage.called(), answers.len());
}

#[tokio::test]
async fn so_is_one_that_breaks_off_after_more_than_is_kept_of_it() {
    let stage = Stage::new().await;
    let answers = stage.calls(READ, Act::FramesThenEnd(5)).await;
    let status = answers.last().unwrap().as_ref().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let source = std::error::Error::source(status).unwrap();
    let error: &bellhop::client::Error = source.downcast_ref().unwrap();
    assert!(
        matches!(error, bellhop::client::Error::Connection { .. }),
        "{error}"
    );
    assert_eq!(stage.called(), answers.len());
}

#[tokio::test]
async fn what_the_application_says_is_the_answer() {
    for act in [Act::Head(NOT_FOUND), Act::Trailers(NOT_FOUND), Act::Fail] {
        let stage = Stage::new().await;
        let answers = stage.calls(READ, act).await;
        assert!(answers.last().unwrap().is_err(), "{act:?}");
        assert_eq!(stage.called(), answers.len(), "{act:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    for act in [
        Act::Head(UNAVAILABLE),
        Act::Trailers(UNAVAILABLE),
        Act::Cut,
        Act::HeadThenCut,
        Act::LeaveAfter,
    ] {
        let stage = Stage::new().await;
        let answers = stage.calls(BOOK, act).await;
        let status = answers.last().unwrap().as_ref().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{act:?}: {status}");
        assert_eq!(stage.called(), answers.len(), "{act:?}");
    }
}

#[tokio::test]
async fn what_provably_reached_no_handler_is_sent_to_another() {
    for act in [Act::Refuse, Act::LeaveBefore] {
        let stage = Stage::new().await;
        let answers = stage.calls(BOOK, act).await;
        assert!(answers.iter().all(Result::is_ok), "{act:?}: {answers:?}");
        assert_eq!(stage.called(), answers.len() + 1, "{act:?}");
    }
}

#[tokio::test]
async fn beside_an_instance_that_hangs_the_other_is_asked() {
    // A message that stops in the middle is no sooner there than one that never begins.
    for act in [Act::Hang, Act::FramesThenHang(3)] {
        let stage = Stage::new().await;
        let answers = stage.calls(READ, act).await;
        assert!(answers.iter().all(Result::is_ok), "{act:?}: {answers:?}");
        assert_eq!(stage.called(), answers.len() + 1, "{act:?}");
        tokio::time::timeout(Duration::from_secs(10), stage.servers[0].given_up())
            .await
            .expect("the slow one is told that nobody waits");
    }
}

#[tokio::test]
async fn a_failure_tells_of_all_attempts() {
    let stage = Stage::new().await;
    for server in &stage.servers {
        server.act(&[Act::Refuse; 10]);
    }
    let status = stage.call(READ).await.unwrap_err();
    assert!(status.message().ends_with("attempts)"), "{status}");
    let source = std::error::Error::source(&status).unwrap();
    let error: &bellhop::client::Error = source.downcast_ref().unwrap();
    let bellhop::client::Error::Attempts {
        attempts,
        trail,
        source,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(*attempts as usize, trail.attempts().len());
    assert!(
        trail
            .attempts()
            .iter()
            .all(|one| matches!(one.end, End::Failed(_)))
    );
    assert!(matches!(
        **source,
        bellhop::client::Error::Connection { .. }
    ));
}
