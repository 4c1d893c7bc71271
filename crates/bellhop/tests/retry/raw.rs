//! A gRPC server that is written frame by frame, so that it can do what no library would.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
const REFUSED_STREAM: u32 = 7;
const INTERNAL_ERROR: u32 = 2;
const EMPTY_MESSAGE: &[u8] = &[0; 5];
/// The longest frame.
const FRAME: usize = 16 * 1024;

/// What the server does with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Answer,
    /// A status in the headers, and no more.
    Head(u8),
    /// Headers without a status, then one in trailers.
    Trailers(u8),
    /// Headers and a message, then a status in trailers.
    MessageThenTrailers(u8),
    /// The stream is refused.
    Refuse,
    /// The stream is reset for another reason.
    Fail,
    /// The connection is reset before an answer.
    Cut,
    /// The connection is reset after empty headers.
    HeadThenCut,
    /// The connection is reset after the message, before a status.
    MessageThenCut,
    /// The connection is closed after so many frames of a message.
    FramesThenEnd(usize),
    /// No more after so many frames of a message.
    FramesThenHang(usize),
    /// It leaves, and names the stream before the call's as the last one that it has looked at.
    LeaveBefore,
    /// It leaves, names the call's stream as the last one, and is gone.
    LeaveAfter,
    /// No answer.
    Hang,
}

/// A server that does what it is told with the next calls, and answers all others.
pub(crate) struct Raw {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    acts: Mutex<VecDeque<Act>>,
    /// Of each call the act, the first question on a connection left out.
    calls: Mutex<Vec<Act>>,
    /// Streams that the other side has given up.
    given_up: Mutex<usize>,
    changed: Notify,
}

impl Raw {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn({
            let shared = shared.clone();
            async move {
                let mut connections = tokio::task::JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let shared = shared.clone();
                    connections.spawn(async move { serve(stream, &shared).await });
                }
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What to do with the next calls.
    pub(crate) fn act(&self, acts: &[Act]) {
        self.shared.acts.lock().unwrap().extend(acts);
    }

    /// What it did with calls so far.
    pub(crate) fn calls(&self) -> Vec<Act> {
        self.shared.calls.lock().unwrap().clone()
    }

    /// Whether all that it was told is done.
    pub(crate) fn is_done(&self) -> bool {
        self.shared.acts.lock().unwrap().is_empty()
    }

    pub(crate) fn forget(&self) {
        self.shared.calls.lock().unwrap().clear();
    }

    /// Returns once the other side has reset a stream.
    pub(crate) async fn given_up(&self) {
        loop {
            let changed = self.shared.changed.notified();
            if *self.shared.given_up.lock().unwrap() > 0 {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Connection {
    stream: TcpStream,
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    stream.read_exact(&mut [0; 24]).await.ok()?;
    let mut connection = Connection { stream };
    connection.write(SETTINGS, 0, 0, &[]).await?;
    let mut asked = false;
    loop {
        let (kind, flags, id, payload) = connection.read().await?;
        match kind {
            SETTINGS if flags & ACK == 0 => connection.write(SETTINGS, ACK, 0, &[]).await?,
            PING if flags & ACK == 0 => connection.write(PING, ACK, 0, &payload).await?,
            RST_STREAM => {
                *shared.given_up.lock().unwrap() += 1;
                shared.changed.notify_waiters();
            }
            // A call begins with its headers; what it asks makes no difference.
            HEADERS if !asked => {
                asked = true;
                connection.act(Act::Answer, id).await?;
            }
            HEADERS => {
                let next = shared.acts.lock().unwrap().pop_front();
                let act = next.unwrap_or(Act::Answer);
                shared.calls.lock().unwrap().push(act);
                connection.act(act, id).await?;
            }
            _ => {}
        }
    }
}

impl Connection {
    /// Does it; `None` where that ends the connection.
    async fn act(&mut self, act: Act, id: u32) -> Option<()> {
        let end = END_HEADERS | END_STREAM;
        match act {
            Act::Answer => self.answer(id, true, 0).await,
            Act::Head(code) => self.write(HEADERS, end, id, &head(Some(code))).await,
            Act::Trailers(code) => self.answer(id, false, code).await,
            Act::MessageThenTrailers(code) => self.answer(id, true, code).await,
            Act::Refuse => {
                self.write(RST_STREAM, 0, id, &REFUSED_STREAM.to_be_bytes())
                    .await
            }
            Act::Fail => {
                self.write(RST_STREAM, 0, id, &INTERNAL_ERROR.to_be_bytes())
                    .await
            }
            Act::Cut => self.cut(),
            Act::HeadThenCut => {
                self.write(HEADERS, END_HEADERS, id, &head(None)).await?;
                self.cut()
            }
            Act::MessageThenCut => {
                self.write(HEADERS, END_HEADERS, id, &head(None)).await?;
                self.write(DATA, 0, id, &[0; 5]).await?;
                self.cut()
            }
            Act::FramesThenEnd(count) => {
                self.frames(id, count).await?;
                self.end().await
            }
            Act::FramesThenHang(count) => self.frames(id, count).await,
            Act::LeaveBefore => self.leave(id - 2).await,
            Act::LeaveAfter => {
                self.leave(id).await?;
                None
            }
            Act::Hang => Some(()),
        }
    }

    async fn answer(&mut self, id: u32, message: bool, code: u8) -> Option<()> {
        self.write(HEADERS, END_HEADERS, id, &head(None)).await?;
        if message {
            self.write(DATA, 0, id, EMPTY_MESSAGE).await?;
        }
        let end = END_HEADERS | END_STREAM;
        self.write(HEADERS, end, id, &status(code)).await
    }

    async fn frames(&mut self, id: u32, count: usize) -> Option<()> {
        self.write(HEADERS, END_HEADERS, id, &head(None)).await?;
        for _ in 0..count {
            self.write(DATA, 0, id, &[0; FRAME]).await?;
        }
        Some(())
    }

    async fn leave(&mut self, last: u32) -> Option<()> {
        let no_error = 0;
        let payload = [last.to_be_bytes(), u32::to_be_bytes(no_error)].concat();
        self.write(GOAWAY, 0, 0, &payload).await
    }

    /// Resets the connection, rather than closing it in order.
    fn cut(&mut self) -> Option<()> {
        self.stream.set_zero_linger().ok()?;
        None
    }

    /// Closes the connection behind all that was written.
    async fn end(&mut self) -> Option<()> {
        self.stream.shutdown().await.ok()?;
        while self.stream.read(&mut [0; 1024]).await.ok()? > 0 {}
        None
    }

    async fn read(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let size = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; size as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], id, payload))
    }

    async fn write(&mut self, kind: u8, flags: u8, id: u32, payload: &[u8]) -> Option<()> {
        let size = (payload.len() as u32).to_be_bytes();
        let mut frame = vec![size[1], size[2], size[3], kind, flags];
        frame.extend(id.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame).await.ok()
    }
}

/// The headers of an answer, in HPACK without a table or Huffman.
fn head(code: Option<u8>) -> Vec<u8> {
    // The eighth entry of the static table is `:status: 200`.
    let mut block = vec![0x88];
    field(&mut block, "content-type", "application/grpc");
    block.extend(code.map(status).unwrap_or_default());
    block
}

fn status(code: u8) -> Vec<u8> {
    let mut block = Vec::new();
    field(&mut block, "grpc-status", &code.to_string());
    block
}

fn field(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        block.push(text.len() as u8);
        block.extend(text.as_bytes());
    }
}
