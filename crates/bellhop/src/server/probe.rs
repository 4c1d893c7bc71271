//! Asks a member that has just begun to serve whether it really does, the way that its callers will.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Empty;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;

use super::ALIVE;
use crate::endpoint;

const PATIENCE: Duration = Duration::from_secs(5);

/// A member that does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The gRPC server does not answer.
    #[error(transparent)]
    Grpc(#[from] endpoint::ConnectError),
    /// Nobody accepts connections.
    #[error("cannot connect to the own address")]
    Tcp(#[from] std::io::Error),
    /// HTTP fails.
    #[error("the own address does not answer HTTP")]
    Http(#[from] hyper::Error),
    /// The application says that it is not alive.
    #[error("GET {path} answers {status}")]
    Unhealthy {
        /// What was asked.
        path: &'static str,
        /// What was answered.
        status: http::StatusCode,
    },
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

/// Returns once the member at `address` answers.
pub(crate) async fn until_serving(address: SocketAddr, is_grpc: bool) -> Result<(), ProbeError> {
    let probe = async {
        if is_grpc {
            Ok(endpoint::probe(address, PATIENCE).await?)
        } else {
            http(address).await
        }
    };
    tokio::time::timeout(PATIENCE, probe)
        .await
        .unwrap_or(Err(ProbeError::Timeout(PATIENCE)))
}

async fn http(address: SocketAddr) -> Result<(), ProbeError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = http::Uri::from_static(ALIVE);
    request
        .headers_mut()
        .insert(header::HOST, header::HeaderValue::from_static("localhost"));
    let response: Response<Incoming> = sender.send_request(request).await?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(ProbeError::Unhealthy {
            path: ALIVE,
            status,
        }),
    }
}
