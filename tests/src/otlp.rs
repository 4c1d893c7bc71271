//! A receiver of spans, as a collector is one: OTLP over gRPC.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// Spans that were received.
#[derive(Clone, Debug)]
pub struct Receiver {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    /// How long it takes for each export.
    pause: Duration,
}

/// A span, as far as tests look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// `service.name` of its resource.
    pub service: String,
    /// `service.instance.id` of its resource.
    pub instance: String,
    /// Its name.
    pub name: String,
    /// 2 is a server's, 3 a client's.
    pub kind: i32,
    /// Hexadecimal.
    pub trace_id: String,
    /// Hexadecimal.
    pub span_id: String,
    /// Hexadecimal; empty at the root.
    pub parent_id: String,
    /// The names of its events.
    pub events: Vec<String>,
}

impl Receiver {
    /// Receives on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        Self::slow(Duration::ZERO).await
    }

    /// The same, and takes its time for each export.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn slow(pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let receiver = Self {
            address,
            spans: Arc::default(),
            pause,
        };
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(receiver.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        receiver
    }

    /// Where to send spans to.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans so far.
    ///
    /// # Panics
    /// When the receiver has panicked.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("the spans").clone()
    }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        tokio::time::sleep(self.pause).await;
        let mut spans = self.spans.lock().expect("the spans");
        for resource_spans in request.into_inner().resource_spans {
            let resource = resource_spans.resource.map(|resource| resource.attributes);
            let resource = resource.unwrap_or_default();
            let received = resource_spans
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            spans.extend(received.map(|span| Span {
                service: text(&resource, "service.name"),
                instance: text(&resource, "service.instance.id"),
                name: span.name,
                kind: span.kind,
                trace_id: hex(&span.trace_id),
                span_id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                events: span.events.into_iter().map(|event| event.name).collect(),
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|attribute| attribute.key == key);
    match value.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::StringValue(value)) => value.clone(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
