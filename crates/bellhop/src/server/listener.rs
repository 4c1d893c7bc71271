//! Accepts connections in one place and hands each to the worker that has the [fewest](Spread).
//!
//! Long-lived HTTP/2 connections spread badly where the kernel hashes them onto listeners: two of them may well meet on one
//! worker while the other idles.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Handle,
    time::Instant,
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker, task_tracker::TaskTrackerToken},
};
use tracing::warn;

use super::{
    Accepting, Stack,
    connection::{self, Departure},
    sockets::{Ends, Sockets},
    sparse::Sparse,
    spread::Spread,
};
use crate::context::Voice;

const BACKLOG: u32 = 1024;
/// A flood is told of, not repeated.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// After a failure to accept, such as no free file descriptor, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One runtime and what it serves.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) handle: Handle,
    pub(crate) stack: Stack,
}

/// A bound address.
#[derive(Debug)]
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

/// A listener whose workers serve.
#[derive(Debug)]
pub(crate) struct Serving {
    accepting: AbortOnDropHandle<()>,
    departure: Departure,
    connections: TaskTracker,
    /// Ends what is still open when the serving is dropped.
    _abort: tokio_util::sync::DropGuard,
}

impl Listener {
    /// Binds an address.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that the system chose where none was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves from now on.
    pub(crate) fn serve(
        self,
        workers: Vec<Worker>,
        settings: connection::Settings,
        sockets: Sockets,
    ) -> Serving {
        let departure = Departure::default();
        let abort = CancellationToken::new();
        let connections = TaskTracker::new();
        let hand = Hand {
            spread: Spread::over(workers.len()),
            workers,
            refused: Sparse::new(SAY_EVERY),
            settings,
            sockets,
            departure: departure.clone(),
            abort: abort.clone(),
            connections: connections.clone(),
        };
        let accepting = Voice::current().carry(accept(self.listener, hand));
        let accepting = AbortOnDropHandle::new(tokio::spawn(accepting));
        Serving {
            accepting,
            departure,
            connections,
            _abort: abort.drop_guard(),
        }
    }
}

impl Serving {
    /// Has the member wait for whoever holds this when it leaves.
    pub(crate) fn hold(&self) -> TaskTrackerToken {
        self.connections.token()
    }

    /// Goes on serving, and asks those who can be asked without losing a call to go elsewhere.
    pub(crate) fn leave(&self) {
        self.departure.leaving.begin();
    }

    /// Takes no more connections, tells the open ones to end with their calls in flight, and waits for that, at most `bound`.
    /// Whether all of them ended.
    pub(crate) async fn drain(self, bound: Duration) -> bool {
        self.accepting.abort();
        self.departure.draining.cancel();
        self.connections.close();
        tokio::time::timeout(bound, self.connections.wait())
            .await
            .is_ok()
    }
}

/// Listens at an address.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A restart must not wait for the old connections' last packets.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Hands connections to workers.
struct Hand {
    workers: Vec<Worker>,
    spread: Spread,
    settings: connection::Settings,
    sockets: Sockets,
    departure: Departure,
    refused: Sparse,
    abort: CancellationToken,
    connections: TaskTracker,
}

impl Hand {
    fn take(&mut self, stream: std::net::TcpStream, peer: SocketAddr) {
        if self.connections.len() >= self.settings.max {
            return self.refuse();
        }
        let seat = self.spread.seat();
        let worker = &self.workers[seat.worker()];
        let (stack, departure) = (worker.stack.clone(), self.departure.clone());
        let open = self.sockets.open(Ends {
            local: stream.local_addr().ok(),
            remote: peer,
        });
        let serve = connection::serve(stack, stream, peer, self.settings, departure);
        let serve = async move {
            serve.await;
            drop((open, seat));
        };
        let serve = self.abort.clone().run_until_cancelled_owned(serve);
        worker.handle.spawn(self.connections.track_future(serve));
    }

    /// A connection that is one too many is closed by being dropped.
    fn refuse(&mut self) {
        if let Some(refused) = self.refused.note(Instant::now()) {
            let max = self.settings.max;
            warn!(
                refused,
                max, "too many connections, further ones are closed"
            );
        }
    }
}

async fn accept(listener: TcpListener, mut hand: Hand) {
    let accepting = Accepting::of("a connection");
    loop {
        let accepted = match listener.accept().await {
            Ok((stream, peer)) => stream.into_std().map(|stream| (stream, peer)),
            Err(error) => Err(error),
        };
        match accepted {
            Ok((stream, peer)) => {
                accepting.went_well();
                hand.take(stream, peer);
            }
            Err(error) => {
                accepting.failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
