//! Callers whose requests are refused before they are whole.

use std::{collections::BTreeMap, sync::mpsc, time::Instant};

use bellhop::{Mesh, Services};
use e2e::{PATIENCE, Registry, total};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_server::{Geo, GeoServer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
    time::timeout,
};
use tonic::{Request, Response, Status};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// More than a server resets of one connection for its caller's mistakes.
const BATCHES: usize = 5;
const BATCH: usize = 160;

#[derive(Clone)]
struct Ready;

#[tonic::async_trait]
impl Geo for Ready {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        Ok(Response::new(Answer::default()))
    }
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// The head of a call, in which nothing is compressed (RFC 7541, section 6.2.2).
fn head() -> Vec<u8> {
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/geo.Geo/Nearby"),
        (":authority", "geo"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let literal = |(name, value)| [vec![0], text(name), text(value)].concat();
    headers.map(literal).concat()
}

/// The time of this runtime stands still until this is dropped: nothing is late.
struct Still {
    /// While something blocks a thread, a paused clock does not go on by itself.
    _blocked: mpsc::Sender<()>,
}

impl Still {
    fn begin() -> Self {
        let (blocked, ends) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || ends.recv());
        tokio::time::pause();
        Self { _blocked: blocked }
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

/// Waits without a timer.
async fn until_still(what: &str, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not in time");
        yield_now().await;
    }
}

#[tokio::test]
async fn a_connection_bears_any_number_of_refusals() {
    let registry = Registry::mini().await;
    let settings = [
        ("CONSUL_HTTP_ADDR", registry.address().to_string()),
        ("BELLHOP_LIMIT", "*:0.001:1".to_owned()),
    ];
    let settings = BTreeMap::from(settings.map(|(name, value)| (name.to_owned(), value)));
    let mesh = Mesh::from_source("geo", &settings).unwrap();
    let serving = mesh.start(|_| Services::new().with(GeoServer::new(Ready)));
    let serving = serving.await.unwrap();

    let stream = TcpStream::connect(serving.address()).await.unwrap();
    let (mut answers, mut calls) = stream.into_split();
    let beginning = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    calls.write_all(&beginning).await.unwrap();
    // Between head and rest of a request a busy machine may take longer than the server waits.
    let still = Still::begin();
    let mut streams = (1..).step_by(2);
    for batch in 1..=BATCHES {
        let streams: Vec<u32> = streams.by_ref().take(BATCH).collect();
        let heads = streams.iter();
        let heads = heads.flat_map(|stream| frame(HEADERS, END_HEADERS, *stream, &head()));
        calls.write_all(&heads.collect::<Vec<_>>()).await.unwrap();
        // Nothing else is sent before the server has seen them.
        until_still("calls", || {
            let text = mesh.metrics().text(None).body;
            let refused = total(&text, "bellhop_refusals_total", &[]);
            let held = total(&text, "bellhop_server_active_calls", &[]);
            refused + held >= (batch * BATCH - 1) as f64
        })
        .await;
        let messages = streams.iter();
        let messages = messages.flat_map(|stream| frame(DATA, END_STREAM, *stream, &[0; 5]));
        calls
            .write_all(&messages.collect::<Vec<_>>())
            .await
            .unwrap();
    }
    calls.write_all(&frame(PING, 0, 0, &[7; 8])).await.unwrap();
    drop(still);

    let pong = frame(PING, ACK, 0, &[7; 8]);
    let mut heard = Vec::new();
    timeout(PATIENCE, async {
        while !heard.windows(pong.len()).any(|frame| frame == pong) {
            let more = answers.read_buf(&mut heard).await.unwrap();
            let said = String::from_utf8_lossy(&heard);
            assert!(
                more > 0 && !said.contains("too_many"),
                "the connection ended"
            );
        }
    })
    .await
    .expect("an answer to a ping");
    drop((answers, calls));
    serving.stop().await;
}
