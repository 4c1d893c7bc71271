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
use crate::{
    endpoint,
    identity::{Recognition, SERVICE, Word},
};

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
    /// Somebody else answers.
    #[error("at the own address is {}", found.as_deref().unwrap_or("somebody else"))]
    Stranger {
        /// Who that is, where it says so.
        found: Option<Box<str>>,
    },
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

/// Returns once the member at `address` answers, as the service that it is.
pub(crate) async fn until_serving(
    service: &str,
    address: SocketAddr,
    is_grpc: bool,
) -> Result<(), ProbeError> {
    let own = Recognition::of_a_member(service);
    let probe = async {
        if is_grpc {
            Ok(endpoint::probe(address, &own, PATIENCE).await?)
        } else {
            http(address, &own).await
        }
    };
    tokio::time::timeout(PATIENCE, probe)
        .await
        .unwrap_or(Err(ProbeError::Timeout(PATIENCE)))
}

async fn http(address: SocketAddr, own: &Recognition) -> Result<(), ProbeError> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = http::Uri::from_static(ALIVE);
    request
        .headers_mut()
        .insert(header::HOST, header::HeaderValue::from_static("localhost"));
    let response: Response<Incoming> = sender.send_request(request).await?;
    let word = response.headers().get(SERVICE).map(Word::of_name);
    own.hear(word.unwrap_or(Word::Unaware))
        .map_err(|found| ProbeError::Stranger { found })?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(ProbeError::Unhealthy {
            path: ALIVE,
            status,
        }),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic::transport::Server;
    use tonic_health::{
        pb::health_server::HealthServer,
        server::{HealthReporter, HealthService},
    };

    use super::*;
    use crate::identity::{Signed, name};

    /// Serves health under a name, or none.
    async fn serve(service: Option<&str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = HealthService::from_health_reporter(HealthReporter::new());
        let health = Signed::new(HealthServer::new(health), service.and_then(name));
        let incoming = TcpListenerStream::new(listener);
        tokio::spawn(
            Server::builder()
                .add_service(health)
                .serve_with_incoming(incoming),
        );
        address
    }

    #[tokio::test]
    async fn a_member_takes_nobody_else_for_itself() {
        let own = serve(Some("rate")).await;
        until_serving("rate", own, true).await.unwrap();
        for (service, words) in [
            (Some("geo"), "is geo, not rate"),
            (None, "is somebody else, not rate"),
        ] {
            let other = serve(service).await;
            let error = until_serving("rate", other, true).await.unwrap_err();
            assert!(error.to_string().ends_with(words), "{error}");
        }
    }
}
