//! What a member serves.

use std::{
    convert::Infallible,
    error::Error as StdError,
    fmt,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};

use super::{RequestBody, Services, observe::Entry};

/// What a member serves: gRPC services or an HTTP application.
#[derive(Debug)]
pub struct App(Kind);

pub(crate) enum Kind {
    Grpc(Services),
    Http(HttpService),
}

/// The body of an answer, whatever application it comes from. Its own type: compilers lose sight of the lifetime of the error
/// within a type that has it as a parameter.
#[derive(Debug)]
pub(crate) struct HttpBody {
    inner: UnsyncBoxBody<Bytes, BoxError>,
    /// For the access log, which tells of the end.
    entry: Entry,
}

type BoxError = Box<dyn StdError + Send + Sync>;
pub(super) type HttpService =
    BoxCloneSyncService<Request<RequestBody>, Response<HttpBody>, Infallible>;

/// Who sent an HTTP request: the other end of the connection, an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct RemoteAddr(pub SocketAddr);

/// The route that an HTTP request took, such as `/hotels`: an extension of the response, for the name of the span.
#[derive(Clone, Copy, Debug)]
pub struct HttpRoute(pub &'static str);

/// The parameters in the query of an HTTP request that its span may tell: an extension of the response. Others are not told, for
/// they may hold anything.
#[derive(Clone, Copy, Debug)]
pub struct QueryParameters(pub &'static [&'static str]);

/// Something that happened while a request or a call was answered: an extension of the response, an event of the span.
#[derive(Clone, Copy, Debug)]
pub struct SpanEvent(pub &'static str);

impl App {
    /// An HTTP application, such as an axum router. It answers `GET /healthz` with success while it is alive.
    pub fn http<S, B>(service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let service = service.map_response(|response: Response<B>| response.map(HttpBody::new));
        Self(Kind::Http(BoxCloneSyncService::new(service)))
    }

    pub(crate) fn into_kind(self) -> Kind {
        self.0
    }
}

impl HttpBody {
    pub(super) fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            inner: body.map_err(Into::into).boxed_unsync(),
            entry: Entry::NONE,
        }
    }

    /// Has its end noted.
    pub(super) fn note(&mut self, entry: Entry) {
        self.entry = entry;
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                let sent = frame.data_ref().map_or(0, Bytes::len);
                self.entry.sent(sent as u64);
            }
            Some(Err(_)) => self.entry.failed(),
            None => self.entry.sent_all(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for HttpBody {
    fn drop(&mut self) {
        // Who sends it does not ask for what he knows not to be there.
        if self.inner.is_end_stream() {
            self.entry.sent_all();
        }
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
