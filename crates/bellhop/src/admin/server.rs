//! The endpoint's own server: HTTP/1 with one request to a connection, HTTP/2 for gRPC, everything bounded.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::debug;

use super::site::Site;
use crate::{
    context::Voice,
    server::{self, Accepting},
};

/// For the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// For a connection, from its first byte to its last.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Further ones are closed at once: they wait for nobody else's.
const MAX_CONNECTIONS: usize = 64;
/// At a time, over one HTTP/2 connection.
const MAX_STREAMS: u32 = 16;
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// After a failure to accept, such as no free file descriptor, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// For answers that are on their way when the member ends.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// An address that is bound.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// An endpoint that serves until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Admin {
    stop: CancellationToken,
    serving: AbortOnDropHandle<()>,
}

impl Bound {
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let listener = server::bind(address)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that the system chose where none was asked for.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves on the runtime that this is called on.
    pub(crate) fn serve(self, site: Site) -> Admin {
        let stop = CancellationToken::new();
        let serving = accept(self.listener, Arc::new(site), stop.clone());
        let serving = Voice::current().carry(serving);
        Admin {
            stop,
            serving: AbortOnDropHandle::new(tokio::spawn(serving)),
        }
    }
}

impl Admin {
    /// Finishes what is being answered, for a moment.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        // Who is not done by then is cut off.
        let _ = timeout(STOP_WITHIN, self.serving).await;
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>, stop: CancellationToken) {
    let (mut connections, accepting) = (JoinSet::new(), Accepting::of("an admin connection"));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= MAX_CONNECTIONS => {
                    debug!(max = MAX_CONNECTIONS, "too many admin connections, one is closed");
                }
                Ok((stream, peer)) => {
                    accepting.went_well();
                    let serve = serve(stream, peer, site.clone());
                    connections.spawn(Voice::current().carry(serve));
                }
                Err(error) => {
                    accepting.failed(&error);
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, peer: SocketAddr, site: Arc<Site>) {
    let answer = service_fn(move |request| {
        let site = site.clone();
        async move { site.answer(peer, request).await }
    });
    let builder = builder();
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    match timeout(CONNECTION_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%peer, %error, "admin connection ended"),
        Err(_) => debug!(%peer, after = ?CONNECTION_TIMEOUT, "admin connection took too long"),
    }
}

/// HTTP/1 for people and Prometheus, HTTP/2 for the tools of gRPC.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .keep_alive(false)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES as u32);
    builder
}
