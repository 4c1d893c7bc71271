//! Answers larger than any memory: no more of them is read than is allowed.

use std::time::Duration;

use bellhop::consul::{Config, Consul, Error, Health, Indexed, Query};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use crate::support::wait::soon;

const LIMIT: usize = 64 << 10;
/// What the kernel and the client's buffers hold of an answer, besides what was read of it.
const UNDERWAY: usize = 16 << 20;
const ENDLESS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
/// A kilobyte of JSON's white space, as a chunk.
const SPACE: usize = 0x400;

/// What the answer of one server led to.
struct Outcome {
    error: Error,
    written: usize,
}

/// Asks a server that says `head`, then `piece` again and again, after a pause each time, until its client has left.
async fn ask(head: &str, piece: Vec<u8>, pause: Duration) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config::at(&listener.local_addr().unwrap().to_string()).unwrap();
    let config = config.body_max(LIMIT).timeout(Duration::from_secs(2));
    let writing = serve(listener, head.to_owned(), piece, pause);
    let consul = Consul::new(config);
    let answer: Result<Indexed<Vec<Health>>, Error> =
        soon("an end", consul.health_service("geo", Query::NOW)).await;
    Outcome {
        error: answer.expect_err("there is no end to the answer"),
        written: soon("the server is left", writing).await.unwrap(),
    }
}

fn serve(
    listener: TcpListener,
    head: String,
    piece: Vec<u8>,
    pause: Duration,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        skip_request(&mut stream).await;
        let mut written = 0;
        if stream.write_all(head.as_bytes()).await.is_err() {
            return written;
        }
        loop {
            sleep(pause).await;
            if stream.write_all(&piece).await.is_err() {
                return written;
            }
            written += piece.len();
        }
    })
}

async fn skip_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
}

fn chunk() -> Vec<u8> {
    format!("{SPACE:x}\r\n{}\r\n", " ".repeat(SPACE)).into_bytes()
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_at_the_limit() {
    let Outcome { error, written } = ask(ENDLESS, chunk(), Duration::ZERO).await;
    assert!(
        matches!(error, Error::TooLarge { limit: LIMIT, .. }),
        "{error}"
    );
    assert!(written < LIMIT + UNDERWAY, "{written} bytes were taken");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_not_read() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1 << 30);
    let never = Duration::from_millis(100);
    let Outcome { error, written } = ask(&head, b" ".to_vec(), never).await;
    assert!(
        matches!(error, Error::TooLarge { limit: LIMIT, .. }),
        "{error}"
    );
    assert!(written < LIMIT, "{written} bytes were taken");
}

#[tokio::test]
async fn a_body_that_drips_is_cut_in_time() {
    let drop = b"1\r\n \r\n".to_vec();
    let Outcome { error, .. } = ask(ENDLESS, drop, Duration::from_millis(10)).await;
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn heads_without_an_end_are_cut_too() {
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n", "X-More: of the same\r\n".repeat(100)),
        ("HTTP/1.1 200 OK\r\nX-Long: ", "long".repeat(1000)),
        ("HTTP/1.1 200 ", "long".repeat(1000)),
    ] {
        let Outcome { error, written } = ask(head, piece.into_bytes(), Duration::ZERO).await;
        assert!(matches!(error, Error::Broken { .. }), "{error}");
        assert!(written < LIMIT + UNDERWAY, "{written} bytes were taken");
    }
}
