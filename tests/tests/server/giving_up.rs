//! Nobody works for a caller that has left or whose time is over: the leaf's future is dropped, two hops away.

use std::{future::Future, net::Shutdown, time::Duration};

use bellhop::Mesh;
use bytes::Bytes;
use e2e::{PATIENCE, total, until};
use futures_util::future::join_all;
use http_body_util::Full;
use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tonic::Code;

use crate::{
    dropped::at_every_await,
    stage::{HANG, Stage, TAKE_TIME, ask},
};

#[tokio::test]
async fn a_caller_that_gives_up_a_call() {
    let stage = Stage::new().await;
    let mut client = stage.plain().await;
    let call = tokio::spawn(async move { client.nearby(ask(HANG)).await });
    stage.handlers.begun(1).await;
    call.abort();
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn a_caller_whose_connection_is_lost() {
    let stage = Stage::new().await;
    let (mut sender, driver, socket) = connect(&stage).await;
    tokio::spawn(driver);
    let call = tokio::spawn(sender.send_request(hang(None)));
    stage.handlers.begun(1).await;
    socket.shutdown(Shutdown::Both).unwrap();
    stage.handlers.gone(1).await;
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn an_http_caller_that_disconnects() {
    let stage = Stage::new().await;
    let caller = ask_over_http(&stage, "/hang").await;
    stage.handlers.begun(1).await;
    drop(caller);
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn an_http_caller_that_says_it_will_not_say_more() {
    let stage = Stage::new().await;
    let mut caller = ask_over_http(&stage, "/hang").await;
    stage.handlers.begun(1).await;
    caller.shutdown().await.unwrap();
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn a_server_ends_a_call_at_its_deadline_and_says_so() {
    let stage = Stage::new().await;
    let (mut sender, driver, _) = connect(&stage).await;
    tokio::spawn(driver);
    // This caller says how long it waits, and waits for ever.
    let answer = sender.send_request(hang(Some("200m")));
    let answer = tokio::time::timeout(PATIENCE, answer).await;
    let answer = answer.expect("an end").expect("an answer");
    assert_eq!(answer.headers()["grpc-status"], "4", "{answer:?}");
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn a_caller_hears_of_its_deadline_by_its_name() {
    let stage = Stage::new().await;
    let mut request = tonic::Request::new(ask(HANG));
    request.set_timeout(Duration::from_millis(200));
    let status = stage.client().nearby(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    stage.handlers.gone(1).await;
}

#[tokio::test]
async fn callers_that_leave_at_any_time_leave_nothing_behind() {
    // A call that is not given back soon leaves no room for others.
    let room = [("BELLHOP_SHED_MIN", "4"), ("BELLHOP_SHED_MAX", "4")];
    let stage = Stage::with(&room).await;
    let client = stage.plain().await;
    let call = |lat| {
        let mut client = client.clone();
        async move { client.nearby(ask(lat)).await }
    };
    for _ in 0..8 {
        at_every_await(async |lifetime| {
            let answer = lifetime.run(call(0.0)).await;
            answer.is_some_and(|answer| answer.is_ok())
        })
        .await;
        let before = stage.handlers.so_far();
        let hangs = tokio::spawn(call(HANG));
        stage.handlers.begun(before + 1).await;
        hangs.abort();
    }
    until("nobody to be at work", || async {
        let active = |mesh: &Mesh| {
            let text = mesh.metrics().text(None).body;
            total(&text, "bellhop_server_active_calls", &[])
        };
        (stage.members.iter().map(active).sum::<f64>() == 0.0).then_some(())
    })
    .await;
    for answer in join_all((0..4).map(|_| call(TAKE_TIME))).await {
        answer.expect("as much room as ever");
    }
}

/// A connection over which nothing is done that the test does not do.
async fn connect(
    stage: &Stage,
) -> (
    http2::SendRequest<Full<Bytes>>,
    impl Future<Output = Result<(), hyper::Error>> + use<>,
    std::net::TcpStream,
) {
    let stream = TcpStream::connect(stage.middle_address()).await.unwrap();
    let stream = stream.into_std().unwrap();
    let socket = stream.try_clone().unwrap();
    let io = TokioIo::new(TcpStream::from_std(stream).unwrap());
    let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, driver, socket)
}

/// A call as it goes over the wire.
fn hang(timeout: Option<&str>) -> Request<Full<Bytes>> {
    let message = ask(HANG).encode_to_vec();
    let mut body = vec![0, 0, 0, 0, message.len() as u8];
    body.extend(message);
    let mut request = Request::post("http://middle/geo.Geo/Nearby")
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(timeout) = timeout {
        request = request.header("grpc-timeout", timeout);
    }
    request.body(Full::from(body)).unwrap()
}

async fn ask_over_http(stage: &Stage, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stage.front_address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: front\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}
