//! Calls over the connection to one instance.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    Request, Response, Uri, header,
    header::HeaderValue,
    uri::{Authority, PathAndQuery, Scheme},
};
use hyper::{body::Incoming, client::conn::http2::SendRequest};
use tonic::body::Body;
use tower::Service;

use super::CallError;
use crate::{balance::Available, discovery::InstanceId};

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grpc-rust-bellhop/", env!("CARGO_PKG_VERSION")));

/// Whom a connection is to be made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: InstanceId,
    /// A name or an address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// Host and port as a URL has them.
    pub(super) fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its id in the registry.
    pub id: InstanceId,
    /// The other end of the connection.
    pub address: SocketAddr,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.id, self.address)
    }
}

/// A connected instance.
#[derive(Clone)]
pub(crate) struct Endpoint {
    shared: Arc<Shared>,
    sender: SendRequest<Body>,
}

struct Shared {
    peer: Arc<Peer>,
    authority: Authority,
}

impl Endpoint {
    pub(super) fn new(peer: Peer, authority: Authority, sender: SendRequest<Body>) -> Self {
        let shared = Shared {
            peer: Arc::new(peer),
            authority,
        };
        Self {
            shared: Arc::new(shared),
            sender,
        }
    }

    /// Where on this instance a path is.
    fn uri(&self, path: Option<PathAndQuery>) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.shared.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts).unwrap_or_default()
    }
}

impl Available for Endpoint {
    fn is_available(&self) -> bool {
        self.sender.is_ready()
    }
}

impl Service<Request<Body>> for Endpoint {
    type Response = (Response<Incoming>, Arc<Peer>);
    type Error = CallError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // A closed connection gives the request back unsent, which is all that one can do with it here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let path = std::mem::take(request.uri_mut())
            .into_parts()
            .path_and_query;
        *request.uri_mut() = self.uri(path);
        request
            .headers_mut()
            .entry(header::USER_AGENT)
            .or_insert(USER_AGENT);

        let peer = self.shared.peer.clone();
        let answer = self.sender.try_send_request(request);
        ResponseFuture {
            // Boxed since hyper does not name this future's type.
            answer: Box::pin(async move {
                match answer.await {
                    Ok(response) => Ok((response, peer)),
                    Err(mut error) => {
                        let unsent = error.take_message();
                        Err(CallError::new(peer, error.into_error(), unsent))
                    }
                }
            }),
        }
    }
}

/// The answer to a call, with who gave it.
pub(crate) struct ResponseFuture {
    answer: Pin<Box<dyn Future<Output = Answer> + Send>>,
}

type Answer = Result<(Response<Incoming>, Arc<Peer>), CallError>;

impl Future for ResponseFuture {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answer.as_mut().poll(cx)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("peer", &self.shared.peer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
