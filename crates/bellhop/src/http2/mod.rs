//! HTTP/2 connections: a client's end, and [a server's](served).
//!
//! They stand on h2 itself. hyper's client has a queue before the connection, and for each call a task that waits for the answer and
//! another that hands on the body; here a call does both itself, and there is one task for each connection, its [`Driver`].

mod body;
mod call;
mod driver;
mod error;
mod gather;
mod head;
mod heard;
mod keep_alive;
mod pipe;
mod reading;
pub(crate) mod served;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::{net::TcpStream, sync::oneshot};

pub(crate) use self::{
    body::Answer, driver::Driver, error::Unsent, heard::Heard, reading::Reading,
};
use self::{
    gather::{Gather, Wait},
    keep_alive::KeepAlive,
};

pub use self::error::ConnectionError;

/// As many bytes of one answer may be under way before somebody reads them, and of all answers on a connection.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 5 * 1024 * 1024;
/// So large the head of an answer may be, all names and values together.
const MAX_HEADERS: u32 = 16 * 1024;
/// Streams that may be opened before the other side has said how many it takes.
const FIRST_STREAMS: usize = 100;
/// So much of a body is taken from who sends it before it has gone out.
const SEND_BUFFER: usize = 1024 * 1024;

/// How it ends for new calls: in order, where the other side announced it. Calls under way may go on after it.
pub(crate) type Closing = oneshot::Receiver<Result<(), ConnectionError>>;

/// Makes calls over a connection.
///
/// The connection goes with the last of these and the last call.
#[derive(Clone)]
pub(crate) struct Sender(Arc<Shared>);

struct Shared {
    requests: SendRequest<Bytes>,
    state: Arc<State>,
    /// The driver waits for its end.
    _used: oneshot::Sender<Infallible>,
}

/// What calls and the driver know of a connection.
#[derive(Debug, Default)]
struct State {
    /// No new calls are taken.
    closed: AtomicBool,
    /// Nothing was heard for too long.
    silent: AtomicBool,
    in_flight: AtomicUsize,
}

/// A call under way.
struct InFlight(Sender);

/// Begins to speak HTTP/2. Who has the driver has to run it, to its end.
pub(crate) async fn begin(
    stream: TcpStream,
    interval: Duration,
    timeout: Duration,
) -> Result<(Sender, Closing, Driver), ConnectionError> {
    let heard = Heard::default();
    let stream = heard.by(Gather::new(stream, Wait::Round));
    let (requests, mut connection) = Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEADERS)
        .initial_max_send_streams(FIRST_STREAMS)
        .max_send_buffer_size(SEND_BUFFER)
        .enable_push(false)
        .handshake(stream)
        .await?;
    let state = Arc::<State>::default();
    let pings = connection.ping_pong();
    let keep_alive = pings.map(|pings| KeepAlive::new(pings, heard, interval, timeout));
    let (used, unused) = oneshot::channel();
    let (closing, closed) = oneshot::channel();
    let driver = Driver::new(
        connection,
        requests.clone(),
        keep_alive,
        state.clone(),
        unused,
        closing,
    );
    let shared = Shared {
        requests,
        state,
        _used: used,
    };
    Ok((Sender(Arc::new(shared)), closed, driver))
}

impl Sender {
    /// Whether it takes calls.
    pub(crate) fn is_ready(&self) -> bool {
        !self.0.state.closed.load(Ordering::Relaxed)
    }

    fn is_silent(&self) -> bool {
        self.0.state.silent.load(Ordering::Relaxed)
    }

    fn in_flight(&self) -> InFlight {
        self.0.state.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.state.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for InFlight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("InFlight").field(&self.0.0.state).finish()
    }
}
