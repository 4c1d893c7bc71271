//! Making a connection: resolve, connect, and hear an answer.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header, uri::Authority};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use super::{ConnectError, Endpoint, Peer, RequestBody, Settings, Target, group};
use crate::discovery::InstanceId;

/// What every gRPC server answers, be it with a refusal.
const PROBE: &str = "/grpc.health.v1.Health/Check";
/// A message of no bytes, uncompressed.
const EMPTY_MESSAGE: &[u8] = &[0; 5];

/// A connection and the task that drives it, which ends with it.
pub(super) struct Connected {
    pub(super) endpoint: Endpoint,
    pub(super) driver: JoinHandle<Result<(), hyper::Error>>,
}

/// Connects, within the time that the settings allow.
pub(super) async fn connect(
    target: &Target,
    settings: &Settings,
) -> Result<Connected, ConnectError> {
    let after = settings.connect_timeout;
    match timeout(after, establish(target, settings)).await {
        Ok(connected) => connected,
        Err(_) => Err(ConnectError::Timeout {
            address: target.address(),
            after,
        }),
    }
}

/// Connects to an address and hears an answer.
pub(crate) async fn probe(address: SocketAddr, within: Duration) -> Result<(), ConnectError> {
    let settings = Settings {
        connect_timeout: within,
        keepalive_interval: within,
        keepalive_timeout: within,
        group: group::Settings::default(),
    };
    let id = InstanceId::new(address.to_string());
    let target = Target {
        id,
        host: address.ip().to_string(),
        port: address.port(),
    };
    let connected = connect(&target, &settings).await?;
    connected.driver.abort();
    Ok(())
}

/// Whether an endpoint answers in time, be it with a refusal.
pub(super) async fn answers(endpoint: &Endpoint, within: Duration) -> bool {
    let answer = timeout(within, endpoint.turn(None).oneshot(question()));
    matches!(answer.await, Ok(Ok(_)))
}

async fn establish(target: &Target, settings: &Settings) -> Result<Connected, ConnectError> {
    let (stream, address) = tcp(target, settings).await?;
    let http2_error = |source| ConnectError::Http2 {
        address: target.address(),
        source,
    };
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.keepalive_interval)
        .keep_alive_timeout(settings.keepalive_timeout)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(http2_error)?;
    // Nobody would end the connection to a peer that is never heard: an attempt that is given up takes it along.
    let driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let peer = Peer {
        id: target.id.clone(),
        address,
    };
    let endpoint = Endpoint::new(peer, authority(target)?, sender);

    // The handshake ends when our half is written. Only an answer shows that somebody is there who speaks HTTP/2.
    let answer = endpoint.turn(None).oneshot(question()).await;
    answer.map_err(|error| http2_error(error.source))?;
    Ok(Connected {
        endpoint,
        driver: driver.detach(),
    })
}

async fn tcp(
    target: &Target,
    settings: &Settings,
) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let resolve_error = |source| ConnectError::Resolve {
        host: target.host.clone(),
        source,
    };
    let tcp_error = |source| ConnectError::Tcp {
        address: target.address(),
        source,
    };
    let addresses: Vec<_> = tokio::net::lookup_host((target.host.as_str(), target.port))
        .await
        .map_err(resolve_error)?
        .collect();
    let share = settings.connect_timeout / addresses.len().max(1) as u32;
    let stream = first_to_answer(&addresses, share)
        .await
        .map_err(tcp_error)?;
    stream.set_nodelay(true).map_err(tcp_error)?;
    let address = stream.peer_addr().map_err(tcp_error)?;
    Ok((stream, address))
}

/// One address after the other, each with its share of the time: one that swallows packets must not hide the next.
async fn first_to_answer(addresses: &[SocketAddr], share: Duration) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

fn authority(target: &Target) -> Result<Authority, ConnectError> {
    let address = target.address();
    Authority::from_maybe_shared(Bytes::from(address)).map_err(|error| ConnectError::Resolve {
        host: target.host.clone(),
        source: io::Error::new(io::ErrorKind::InvalidInput, error),
    })
}

fn question() -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::whole(Bytes::from_static(EMPTY_MESSAGE)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = http::Uri::from_static(PROBE);
    let headers = request.headers_mut();
    headers.insert(header::TE, header::HeaderValue::from_static("trailers"));
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/grpc"),
    );
    request
}
