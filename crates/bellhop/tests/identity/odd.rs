//! An HTTP/2 server that answers every request with the same, whatever is asked.

use std::{convert::Infallible, io, net::SocketAddr};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

use super::wait::until;

type Frames = stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>;

/// What it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Odd {
    /// No more than an HTTP status.
    Http(u16),
    /// A page.
    Page,
    /// A status of gRPC and nothing else.
    Head(u16),
    /// Headers, then a status of gRPC.
    Trailers(u16),
    /// An empty message, then that it went well.
    Message,
    /// Headers, then nothing, ever.
    NoEnd,
}

pub(crate) struct OddServer {
    pub(crate) address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl OddServer {
    /// At a port, or at any.
    pub(crate) async fn start(port: u16, odd: Odd) -> Self {
        // Who was there before may still be on its way out.
        let listener = until("a port", async || listen(port).ok()).await;
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            // They end with the server.
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(move |_| async move { Ok::<_, Infallible>(odd.answer()) });
                let connection = http2::Builder::new(TokioExecutor::new());
                connections.spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self {
            address,
            _task: AbortOnDropHandle::new(task),
        }
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(64)
}

impl Odd {
    fn answer(self) -> Response<StreamBody<Frames>> {
        let trailers = |code: u16| {
            let code = HeaderValue::from(code);
            Frame::trailers(HeaderMap::from_iter([(
                "grpc-status".parse().unwrap(),
                code,
            )]))
        };
        let data = |data| Frame::data(Bytes::from_static(data));
        let frames = match self {
            Self::Http(_) | Self::Head(_) => Vec::new(),
            Self::Page => vec![data(b"<html>")],
            Self::Trailers(code) => vec![trailers(code)],
            Self::Message => vec![data(&[0; 5]), trailers(0)],
            Self::NoEnd => vec![data(b"")],
        };
        let frames = stream::iter(frames.into_iter().map(Ok));
        let frames = match self {
            Self::NoEnd => frames.chain(stream::pending()).boxed(),
            _ => frames.boxed(),
        };
        let response = Response::builder();
        let response = match self {
            Self::Http(status) => response.status(status),
            Self::Page => response.header("content-type", "text/html"),
            Self::Head(code) => response
                .header("content-type", "application/grpc")
                .header("grpc-status", code),
            _ => response.header("content-type", "application/grpc"),
        };
        response.body(StreamBody::new(frames)).unwrap()
    }
}
