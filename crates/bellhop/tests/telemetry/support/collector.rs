//! An OTLP receiver on a real socket that speaks both protocols.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use prost::Message;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::ServiceExt;

use super::{Exported, within};

/// A receiver; dropped, it closes its port and all connections.
#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    received: mpsc::UnboundedReceiver<Exported>,
    metrics: mpsc::UnboundedReceiver<Pushed>,
    server: JoinHandle<()>,
    stop: CancellationToken,
}

/// Metrics, and the headers that they came with.
pub(crate) type Pushed = (ExportMetricsServiceRequest, HeaderMap);

/// Holds answers back until it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn shut() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub(crate) fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // Never a permit: the wait ends when the semaphore is closed.
        let _ = self.0.acquire().await;
    }
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let gate = Gate::shut();
        gate.open();
        Self::behind(gate).await
    }

    /// A collector that takes nothing before the gate opens.
    pub(crate) async fn behind(gate: Gate) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), gate, None).await
    }

    pub(crate) async fn with_tls(acceptor: TlsAcceptor) -> Self {
        let gate = Gate::shut();
        gate.open();
        Self::listen("127.0.0.1:0".parse().unwrap(), gate, Some(acceptor)).await
    }

    /// Takes leave of its clients, and starts anew at the same address once they have closed their connections.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop.cancel();
        within("the clients to leave", &mut self.server)
            .await
            .expect("an orderly end");
        let gate = Gate::shut();
        gate.open();
        Self::listen(self.address, gate, None).await
    }

    async fn listen(address: SocketAddr, gate: Gate, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, received) = mpsc::unbounded_channel();
        let (pushed, metrics) = mpsc::unbounded_channel();
        let receiver = Receiver {
            sender,
            pushed,
            gate,
        };
        let stop = CancellationToken::new();
        let server = tokio::spawn(accept(listener, receiver, tls, stop.clone()));
        Self {
            address,
            received,
            metrics,
            server,
            stop,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next spans, as many as that.
    pub(crate) async fn next(&mut self, count: usize) -> Vec<Exported> {
        let mut spans = Vec::new();
        while spans.len() < count {
            let next = within("a span", self.received.recv()).await;
            spans.push(next.expect("a running collector"));
        }
        spans
    }

    /// The next metrics.
    pub(crate) async fn metrics(&mut self) -> Pushed {
        let next = within("metrics", self.metrics.recv()).await;
        next.expect("a running collector")
    }

    /// The spans that have come so far. Complete only after a shutdown that succeeded.
    pub(crate) fn rest(&mut self) -> Vec<Exported> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(
    listener: TcpListener,
    receiver: Receiver,
    tls: Option<TlsAcceptor>,
    stop: CancellationToken,
) {
    // Aborted along with this task.
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, _) = accepted.expect("a connection");
        let conversation = Conversation {
            receiver: receiver.clone(),
            watcher: graceful.watcher(),
        };
        connections.spawn(conversation.with(stream, tls.clone()));
    }
    drop(listener);
    graceful.shutdown().await;
}

/// One connection.
struct Conversation {
    receiver: Receiver,
    watcher: Watcher,
}

impl Conversation {
    async fn with(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        match tls {
            Some(tls) => {
                // A client that does not trust us hangs up: the tests look for that at the client.
                if let Ok(stream) = tls.accept(stream).await {
                    self.over(stream).await;
                }
            }
            None => self.over(stream).await,
        }
    }

    async fn over(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let service = service_fn(move |request| self.receiver.clone().answer(request));
        let builder = Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let _ = self.watcher.watch(connection.into_owned()).await;
    }
}

#[derive(Clone, Debug)]
struct Receiver {
    sender: mpsc::UnboundedSender<Exported>,
    pushed: mpsc::UnboundedSender<Pushed>,
    gate: Gate,
}

impl Receiver {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let is_http = request.headers().get("content-type")
            == Some(&http::HeaderValue::from_static("application/x-protobuf"));
        if is_http {
            Ok(self.answer_http(request).await)
        } else if request.uri().path().contains("Metrics") {
            MetricsServiceServer::new(self).oneshot(request).await
        } else {
            TraceServiceServer::new(self).oneshot(request).await
        }
    }

    async fn answer_http(self, request: Request<Incoming>) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        let (parts, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let answer = match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/v1/traces") => {
                let message = ExportTraceServiceRequest::decode(body).expect("a message");
                self.take(message, &parts.headers).await;
                ExportTraceServiceResponse::default().encode_to_vec()
            }
            (&Method::POST, "/v1/metrics") => {
                let message = ExportMetricsServiceRequest::decode(body).expect("a message");
                self.take_metrics(message, parts.headers).await;
                ExportMetricsServiceResponse::default().encode_to_vec()
            }
            _ => {
                *response.status_mut() = StatusCode::NOT_FOUND;
                return response;
            }
        };
        *response.body_mut() = Body::new(Full::new(Bytes::from(answer)));
        response
    }

    async fn take(&self, request: ExportTraceServiceRequest, headers: &HeaderMap) {
        self.gate.pass().await;
        for exported in Exported::all(request, headers) {
            let _ = self.sender.send(exported);
        }
    }

    async fn take_metrics(&self, request: ExportMetricsServiceRequest, headers: HeaderMap) {
        self.gate.pass().await;
        let _ = self.pushed.send((request, headers));
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let (metadata, _, message) = request.into_parts();
        self.take(message, &metadata.into_headers()).await;
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        let (metadata, _, message) = request.into_parts();
        self.take_metrics(message, metadata.into_headers()).await;
        Ok(tonic::Response::new(ExportMetricsServiceResponse::default()))
    }
}
