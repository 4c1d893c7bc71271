//! The listening socket and what is served on it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::{http, tasks};

/// How long requests in flight have to end when the agent stops.
const DRAIN: Duration = Duration::from_secs(1);
/// How long a client has to send the head of its next request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(120);
/// The most connections at one time; further ones wait in the backlog.
const MAX_CONNECTIONS: usize = 16_384;
const BACKLOG: u32 = 1024;

/// A registry that listens, and serves once [`MiniConsul::serve`] runs.
///
/// All that it knows goes with it: bind the same port again and it is an agent that was restarted
/// without state. It runs on any tokio runtime, a current-thread one included.
#[derive(Debug)]
pub struct MiniConsul {
    listener: TcpListener,
    app: Arc<App>,
}

impl MiniConsul {
    /// Takes the address; clients may connect from here on and are answered once it is served.
    ///
    /// # Errors
    /// When the address cannot be had, or a setting cannot work.
    pub async fn bind(config: impl Into<Config>) -> Result<Self, Error> {
        let config = config.into();
        if let Some((setting, reason)) = config.fault() {
            return Err(Error::Config { setting, reason });
        }
        let refused = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = listen(config.listen).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            app: Arc::new(App::new(config, address)),
        })
    }

    /// The address it listens on, with the port that was found for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.app.address
    }

    /// Serves until `shutdown` ends.
    ///
    /// Then blocked queries end at once, every other request has a second to finish, and every
    /// connection is closed. Dropping the future instead closes everything right there.
    pub async fn serve(self, shutdown: impl Future) {
        let Self { listener, app } = self;
        let mut background = JoinSet::new();
        background.spawn(tasks::supervise_probes(app.clone()));
        background.spawn(tasks::keep_time(app.clone()));
        let mut connections = JoinSet::new();
        let accepting = accept(
            listener,
            http::router(app.clone()),
            app.closing.clone(),
            &mut connections,
        );
        tokio::select! {
            () = accepting => {}
            _ = shutdown => {}
        }
        app.closing.cancel();
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(DRAIN, drained).await.is_err() {
            tracing::debug!("connections were closed with requests in flight");
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // A port whose last connections still linger can be had again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(
    listener: TcpListener,
    router: Router,
    closing: CancellationToken,
    connections: &mut JoinSet<()>,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (router, closing) = (router.clone(), closing.clone());
                connections.spawn(async move {
                    serve_connection(stream, router, closing).await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file handles, most likely: others must close theirs first.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, router: Router, closing: CancellationToken) {
    // Answers are small and waited for; a failure here only makes them slower.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        done = connection.as_mut() => return log_end(done),
        () = closing.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    log_end(connection.await);
}

fn log_end(end: Result<(), hyper::Error>) {
    if let Err(error) = end {
        tracing::trace!(%error, "a connection ended early");
    }
}
