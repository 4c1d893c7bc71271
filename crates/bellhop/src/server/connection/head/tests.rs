use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{sleep, timeout},
};

use super::*;
use crate::server::connection::{builder, patient::Patient};

const HEADER: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(75);
const SECOND: Duration = Duration::from_secs(1);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: front\r\n\r\n";

/// The other side of a connection that is served: the body of a request is read, and then takes a while to be answered.
fn connect(idle: Option<Duration>) -> DuplexStream {
    let (ours, theirs) = duplex(4096);
    let heard = Heard::default();
    let io = TokioIo::new(Patient::new(theirs, HEADER, heard.clone()));
    let answer = async |request: Request<Incoming>| {
        let _ = request.into_body().collect().await;
        sleep(2 * HEADER).await;
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    };
    let heads = HeadTimer::new(heard, HEADER, idle);
    tokio::spawn(async move {
        let builder = builder::http(heads);
        let _ = builder.serve_connection(io, service_fn(answer)).await;
    });
    ours
}

async fn answer(stream: &mut DuplexStream) {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}

/// How long it takes from now on until the connection is closed.
async fn end(stream: &mut DuplexStream) -> Duration {
    let start = Instant::now();
    assert!(stream.read_u8().await.is_err());
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn who_is_idle_is_waited_for_as_long_as_the_idle_may() {
    let mut stream = connect(Some(IDLE));
    for _ in 0..3 {
        stream.write_all(REQUEST).await.unwrap();
        answer(&mut stream).await;
        sleep(IDLE - SECOND).await;
    }
    assert_eq!(end(&mut stream).await, SECOND);
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_who_is_idle_is_waited_for_for_ever() {
    let mut stream = connect(None);
    stream.write_all(REQUEST).await.unwrap();
    answer(&mut stream).await;
    assert!(timeout(1000 * IDLE, end(&mut stream)).await.is_err());
    stream.write_all(REQUEST).await.unwrap();
    answer(&mut stream).await;
    stream.write_all(&REQUEST[..1]).await.unwrap();
    assert_eq!(end(&mut stream).await, HEADER);
}

#[tokio::test(start_paused = true)]
async fn the_first_head_is_timed_from_the_beginning() {
    let mut stream = connect(Some(IDLE));
    sleep(HEADER / 2).await;
    stream.write_all(&REQUEST[..8]).await.unwrap();
    assert_eq!(end(&mut stream).await, HEADER / 2);
}

#[tokio::test(start_paused = true)]
async fn a_head_in_drops_is_cut_off_wherever_it_begins() {
    for requests_before in [0, 1, 2] {
        let mut stream = connect(Some(IDLE));
        for _ in 0..requests_before {
            stream.write_all(REQUEST).await.unwrap();
            answer(&mut stream).await;
            sleep(IDLE / 2).await;
        }
        let start = Instant::now();
        for byte in REQUEST {
            if stream.write_u8(*byte).await.is_err() {
                break;
            }
            let _ = timeout(SECOND, stream.read_u8()).await;
        }
        let within = HEADER..=HEADER + SECOND;
        assert!(within.contains(&start.elapsed()), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_may_take_longer_than_a_head() {
    let mut stream = connect(Some(IDLE));
    let head = b"POST / HTTP/1.1\r\nHost: front\r\nContent-Length: 30\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(head).await.unwrap();
        for _ in 0..30 {
            sleep(SECOND).await;
            stream.write_u8(b'x').await.unwrap();
        }
        answer(&mut stream).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_ahead_is_bounded_all_the_same() {
    let mut stream = connect(Some(IDLE));
    let ahead = [REQUEST, &REQUEST[..8]].concat();
    stream.write_all(&ahead).await.unwrap();
    answer(&mut stream).await;
    assert_eq!(end(&mut stream).await, IDLE);
}
