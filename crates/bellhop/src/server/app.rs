//! What a member serves.

use std::{convert::Infallible, error::Error as StdError, fmt, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use super::Services;

/// What a member serves: gRPC services or an HTTP application.
#[derive(Debug)]
pub struct App(Kind);

pub(crate) enum Kind {
    Grpc(Services),
    Http(HttpService),
}

pub(super) type HttpBody = UnsyncBoxBody<Bytes, Box<dyn StdError + Send + Sync>>;
pub(super) type HttpService =
    BoxCloneSyncService<Request<Incoming>, Response<HttpBody>, Infallible>;

/// Who sent an HTTP request: the other end of the connection, an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct RemoteAddr(pub SocketAddr);

/// The route that an HTTP request took, such as `/hotels`: an extension of the response, for the name of the span.
#[derive(Clone, Copy, Debug)]
pub struct HttpRoute(pub &'static str);

/// Something that happened while an HTTP request was answered: an extension of the response, an event of the span.
#[derive(Clone, Copy, Debug)]
pub struct SpanEvent(pub &'static str);

impl App {
    /// An HTTP application, such as an axum router. It answers `GET /healthz` with success while it is alive.
    pub fn http<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let boxed = |body: B| body.map_err(Into::into).boxed_unsync();
        let service = service.map_response(move |response: Response<B>| response.map(boxed));
        Self(Kind::Http(BoxCloneSyncService::new(service)))
    }

    pub(crate) fn into_kind(self) -> Kind {
        self.0
    }
}

impl From<Services> for App {
    fn from(services: Services) -> Self {
        Self(Kind::Grpc(services))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grpc(services) => services.fmt(f),
            Self::Http(_) => f.write_str("Http"),
        }
    }
}
