//! One connection, from its first byte to its end.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use hyper::{server::conn::http2, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulConnection},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::debug;

use super::{
    incoming::Call,
    stack::{Kind, Stack},
};

const MAX_CONCURRENT_STREAMS: u32 = 1024;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
const MAX_HTTP1_BYTES: usize = 64 * 1024;
/// Whoever connects and says nothing is not waited for.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(10);
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves a connection until its end; once `draining` is cancelled it takes no new calls and ends with its last one.
pub(super) async fn serve(
    stack: Stack,
    stream: std::net::TcpStream,
    peer: SocketAddr,
    draining: CancellationToken,
) {
    let stream = match register(stream) {
        Ok(stream) => stream,
        Err(error) => return debug!(%peer, %error, "connection lost"),
    };
    match timeout(FIRST_BYTE_WITHIN, stream.inner().readable()).await {
        Ok(Ok(())) => {}
        _ => return debug!(%peer, "connection closed: nothing was said"),
    }
    match stack.kind {
        Kind::Grpc(stack) => {
            let call = move |request| stack.clone().call(Call::new(request, peer));
            drive(
                grpc().serve_connection(stream, service_fn(call)),
                peer,
                draining,
            )
            .await;
        }
        Kind::Http(stack) => {
            let call = move |request| stack.clone().call(Call::new(request, peer));
            drive(
                http().serve_connection(stream, service_fn(call)),
                peer,
                draining,
            )
            .await;
        }
    }
}

async fn drive<C>(connection: C, peer: SocketAddr, draining: CancellationToken)
where
    C: GracefulConnection,
    C::Error: std::fmt::Display,
{
    let mut connection = pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => end,
        () = draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = end {
        debug!(%peer, %error, "connection ended");
    }
}

/// A connection becomes one of the runtime that this is called on.
fn register(stream: std::net::TcpStream) -> io::Result<TokioIo<TcpStream>> {
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    Ok(TokioIo::new(stream))
}

fn grpc() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIMEOUT)
        .max_buf_size(MAX_HTTP1_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT);
    builder
}
