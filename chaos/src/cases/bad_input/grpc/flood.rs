//! Connections that are none, and those that ask for more than anybody may have.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
    PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, field, frame, request, take, text,
};

/// A server that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a flood is sent without a look at what comes back.
const DEAF: Duration = Duration::from_millis(500);
/// What a server that goes on answers at last.
const STILL_THERE: &[u8; 8] = b"hotels?!";

const MANY: usize = 50_000;
const KIB: usize = 1 << 10;

/// What has to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The server ends it.
    Ended,
    /// The server ends it or bears it.
    Borne,
}

/// What to send after connecting.
#[derive(Debug)]
pub(super) struct Flood {
    name: &'static str,
    bytes: Vec<u8>,
    expect: Expect,
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Ended,
    Alive,
    Nothing,
}

pub(super) fn all() -> Vec<Flood> {
    [strangers(), mistakes(), floods(), heads()]
        .into_iter()
        .flatten()
        .collect()
}

/// A connection that begins well.
fn begun(name: &'static str, expect: Expect, frames: &[Vec<u8>]) -> Flood {
    let bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frames.concat()].concat();
    Flood {
        name,
        bytes,
        expect,
    }
}

fn headers(flags: u8, stream: u32, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags, stream, block)
}

/// The number of the stream that a client opens at a time.
fn nth(stream: usize) -> u32 {
    stream as u32 * 2 + 1
}

fn strangers() -> Vec<Flood> {
    let strangers: [(&'static str, &[u8]); 3] = [
        ("noise", &[0xff; 4 * KIB]),
        ("zeros", &[0; 4 * KIB]),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, and more of it\r\n\r\n",
        ),
    ];
    let expect = Expect::Ended;
    strangers
        .map(|(name, bytes)| Flood {
            name,
            bytes: bytes.to_vec(),
            expect,
        })
        .into()
}

/// What the protocol forbids.
fn mistakes() -> Vec<Flood> {
    let whole = END_HEADERS | END_STREAM;
    let most = u32::MAX >> 1;
    [
        (
            "a frame of 16 MiB",
            frame(DATA, 0, 1, &vec![0; (1 << 24) - 1]),
        ),
        ("noise after the preface", vec![0xff; 4 * KIB]),
        ("data on no stream", frame(DATA, 0, 0, b"data")),
        (
            "data on a stream that was not opened",
            frame(DATA, 0, 7, b"data"),
        ),
        ("a head on no stream", headers(whole, 0, &request())),
        ("a stream of the server's", headers(whole, 2, &request())),
        ("noise for a head", headers(whole, 1, &[0xff; 64])),
        ("a head from beyond the table", headers(whole, 1, &[0xfe])),
        (
            "a continuation of nothing",
            frame(CONTINUATION, 4, 1, &request()),
        ),
        (
            "a head that another frame interrupts",
            [headers(0, 1, &request()), frame(PING, 0, 0, &[0; 8])].concat(),
        ),
        ("settings on a stream", frame(SETTINGS, 0, 1, &[])),
        ("settings that break off", frame(SETTINGS, 0, 0, &[0, 4, 0])),
        (
            "a window beyond all bounds",
            frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff]),
        ),
        (
            "a window that overflows",
            frame(WINDOW_UPDATE, 0, 0, &most.to_be_bytes()),
        ),
        ("a window of nothing", frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        (
            "a push from a client",
            frame(PUSH_PROMISE, 4, 1, &[0, 0, 0, 2, 0x82]),
        ),
        ("a ping of another size", frame(PING, 0, 0, b"short")),
        ("a reset of nothing", frame(RST_STREAM, 0, 9, &[0; 4])),
    ]
    .map(|(name, bytes)| begun(name, Expect::Ended, &[bytes]))
    .into()
}

/// Nothing of it is forbidden, but for how much there is.
fn floods() -> Vec<Flood> {
    let many = |frame: Vec<u8>| vec![frame; MANY];
    let open = |n| headers(END_HEADERS, nth(n), &request());
    let reset = |n| [open(n), frame(RST_STREAM, 0, nth(n), &[0, 0, 0, 8])].concat();
    let no_window = frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let whole = |n| headers(END_HEADERS | END_STREAM, nth(n), &request());
    let unread: Vec<_> = [no_window]
        .into_iter()
        .chain((0..1000).map(whole))
        .collect();
    let nothing: Vec<_> = [open(0)]
        .into_iter()
        .chain(many(frame(DATA, 0, 1, &[])))
        .collect();
    [
        (
            "streams that are reset at once",
            (0..MANY).map(reset).collect(),
        ),
        ("streams that are left open", (0..5000).map(open).collect()),
        ("streams that nobody reads", unread),
        (
            "settings without end",
            many(frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1])),
        ),
        ("pings without end", many(frame(PING, 0, 0, &[7; 8]))),
        (
            "priorities without end",
            many(frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1])),
        ),
        (
            "windows without end",
            many(frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ),
        ("data of no size, without end", nothing),
        (
            "frames that nobody knows",
            many(frame(0xbe, 0xff, 5, b"what is this")),
        ),
    ]
    .map(|(name, frames)| begun(name, Expect::Borne, &frames))
    .into()
}

/// Heads that are small on the wire, or never end.
fn heads() -> Vec<Flood> {
    let endless = |fields: &[u8]| {
        let more = frame(CONTINUATION, 0, 1, fields);
        [vec![headers(0, 1, &request())], vec![more; 10_000]].concat()
    };
    let mut kib = Vec::new();
    field(&mut kib, b"x", &[b'x'; KIB]);
    // Remembered once, and said again with one byte each time: 4 KB of head are 4 MB of fields.
    let mut bomb = request();
    bomb.push(0x40);
    text(&mut bomb, b"x");
    text(&mut bomb, &[b'x'; KIB]);
    bomb.extend([0xbe; 4 * KIB]);
    vec![
        begun("a head without an end", Expect::Ended, &endless(&kib)),
        begun(
            "a head without an end that says nothing",
            Expect::Ended,
            &endless(&[]),
        ),
        begun(
            "a head that grows",
            Expect::Borne,
            &[headers(END_HEADERS | END_STREAM, 1, &bomb)],
        ),
    ]
}

impl Flood {
    /// Sends it, and says what is wrong with what was heard.
    pub(super) async fn judge(&self, address: SocketAddr) -> Option<String> {
        let heard = match timeout(PATIENCE, self.send(address)).await {
            Ok(heard) => heard,
            Err(_) => Heard::Nothing,
        };
        let good = match self.expect {
            Expect::Ended => heard == Heard::Ended,
            Expect::Borne => heard != Heard::Nothing,
        };
        (!good).then(|| format!("{}: {:?} expected, got {heard:?}", self.name, self.expect))
    }

    async fn send(&self, address: SocketAddr) -> Heard {
        let Ok(stream) = TcpStream::connect(address).await else {
            return Heard::Ended;
        };
        let (mut reader, mut writer) = stream.into_split();
        let last = frame(PING, 0, 0, STILL_THERE);
        let writing = async {
            // A server need not read all of what it refuses.
            let _ = writer.write_all(&self.bytes).await;
            let _ = writer.write_all(&last).await;
            // The writing half stays open.
            std::future::pending::<Heard>().await
        };
        tokio::pin!(writing);
        // Whoever floods does not listen.
        let _ = timeout(DEAF, &mut writing).await;
        let listening = async {
            let mut read = Vec::new();
            loop {
                while let Some((kind, flags, payload)) = take(&mut read) {
                    match kind {
                        GOAWAY => return Heard::Ended,
                        PING if flags == ACK && payload == STILL_THERE => return Heard::Alive,
                        _ => {}
                    }
                }
                if !matches!(reader.read_buf(&mut read).await, Ok(1..)) {
                    return Heard::Ended;
                }
            }
        };
        tokio::select! {
            heard = listening => heard,
            never = writing => never,
        }
    }
}
