//! Bytes as they are, to an HTTP/1.1 server.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// A server that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// After an answer, how long to listen for another one.
const LISTEN: Duration = Duration::from_millis(200);

/// What a server said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) answers: Vec<Answer>,
    pub(super) end: End,
    /// What is no answer.
    pub(super) rest: Vec<u8>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// The server closed the connection.
    #[default]
    Closed,
    /// It keeps it open, after an answer.
    Open,
    /// It said nothing, and kept the connection open.
    Silent,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    is_json: bool,
}

impl Answer {
    /// The body, where it says that it is JSON and is.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body)
            .ok()
            .filter(|_| self.is_json)
    }

    /// One answer from the front of what was read, if it is all there.
    fn take(read: &mut Vec<u8>) -> Option<Self> {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let status = head.strip_prefix("http/1.")?.get(2..5)?.parse().ok()?;
        let header = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        let length = header("content-length:").and_then(|length| length.parse().ok());
        let whole = end + length.unwrap_or(0);
        let body = read.get(end..whole)?.to_vec();
        read.drain(..whole);
        Some(Self {
            status,
            body,
            is_json: header("content-type:").is_some_and(|kind| kind.contains("json")),
        })
    }
}

/// Sends bytes over a connection of its own, and listens until the server has said all that it will.
pub(super) async fn say(address: SocketAddr, bytes: &[u8]) -> Heard {
    let Ok(stream) = TcpStream::connect(address).await else {
        return Heard::default();
    };
    let (reader, writer) = stream.into_split();
    // The writing half stays open: whoever closes it says that it is gone.
    let (heard, _writer) = tokio::join!(listen(reader), write(writer, bytes));
    heard
}

async fn write(mut writer: OwnedWriteHalf, bytes: &[u8]) -> OwnedWriteHalf {
    // A server need not read all of what it refuses.
    let _ = timeout(PATIENCE, writer.write_all(bytes)).await;
    writer
}

async fn listen(mut reader: OwnedReadHalf) -> Heard {
    let mut heard = Heard::default();
    loop {
        while let Some(answer) = Answer::take(&mut heard.rest) {
            heard.answers.push(answer);
        }
        let (patience, end) = match heard.answers.last() {
            None => (PATIENCE, End::Silent),
            // The HTTP library's own refusal, before it closes the connection.
            Some(Answer {
                status: 400..,
                body,
                ..
            }) if body.is_empty() => (PATIENCE, End::Open),
            Some(_) => (LISTEN, End::Open),
        };
        match timeout(patience, reader.read_buf(&mut heard.rest)).await {
            Ok(Ok(1..)) => {}
            Ok(_) => return heard,
            Err(_) => {
                heard.end = end;
                return heard;
            }
        }
    }
}
