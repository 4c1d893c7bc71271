//! Things to probe.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// A port that nobody listens on, as long as the socket that holds it is kept.
pub(crate) fn silent_port() -> (SocketAddr, tokio::net::TcpSocket) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket
        .bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .expect("a free port");
    (socket.local_addr().expect("a bound port"), socket)
}

/// An HTTP server that answers `/200` with 200 and so on, and shows the request in the body.
pub(crate) async fn http_server() -> (SocketAddr, AbortOnDropHandle<()>) {
    listen(async |stream| {
        let service = service_fn(async |request: Request<Incoming>| {
            let status: u16 = request
                .uri()
                .path()
                .trim_start_matches('/')
                .parse()
                .unwrap_or(404);
            let header = request
                .headers()
                .get("x-probe")
                .cloned()
                .unwrap_or_else(|| HeaderValue::from_static("-"));
            let method = request.method().clone();
            let body = request
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            let text = format!("{method} {header:?} {}", String::from_utf8_lossy(&body));
            let answer = Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(text)));
            Ok::<_, Infallible>(answer.expect("a valid answer"))
        });
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
    })
    .await
}

/// A gRPC server whose service `up` serves, `down` does not, and which knows no other.
pub(crate) async fn grpc_server() -> (SocketAddr, AbortOnDropHandle<()>) {
    listen(async |stream| {
        let service = service_fn(async |request: Request<Incoming>| {
            let body = request
                .into_body()
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            let (message, code): (&'static [u8], &'static str) = match body.get(7..) {
                Some(b"up") => (b"\0\0\0\0\x02\x08\x01", "0"),
                Some(b"down") => (b"\0\0\0\0\x02\x08\x02", "0"),
                _ => (b"", "5"),
            };
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static(code));
            trailers.insert("grpc-message", HeaderValue::from_static("unknown service"));
            let body = Full::new(Bytes::from_static(message))
                .with_trailers(std::future::ready(Some(Ok(trailers))));
            let answer = Response::builder()
                .header("content-type", "application/grpc")
                .body(body);
            Ok::<_, Infallible>(answer.expect("a valid answer"))
        });
        let _ = http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await;
    })
    .await
}

async fn listen<F>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, AbortOnDropHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    (address, AbortOnDropHandle::new(task))
}
