//! The way of metrics to a collector.

use http::{HeaderMap, Request, StatusCode, Uri, header::CONTENT_TYPE};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client as Legacy, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use prost::Message;
use tonic::{Status, body::Body, metadata::MetadataMap};

use crate::telemetry::{
    StartError,
    collector::{Client, Collector, Transport},
};

/// Sends metrics to a collector.
pub(super) enum Exporter {
    Http {
        client: Client,
        url: Uri,
    },
    Grpc {
        client: MetricsServiceClient<Legacy<HttpsConnector<HttpConnector>, Body>>,
        headers: HeaderMap,
    },
}

/// The collector did not take them.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("cannot reach the collector: {0}")]
    Unreachable(HttpError),
    #[error("the collector answered {0}")]
    Refused(StatusCode),
    #[error("the collector answered: {0}")]
    Status(Box<Status>),
    #[error("the collector did not answer in time")]
    Late,
}

impl Exporter {
    /// To a collector. Must be called within the runtime that will drive it.
    pub(super) fn new(collector: &Collector) -> Result<Self, StartError> {
        let url = collector.endpoint.parse::<Uri>();
        let url = url.map_err(|source| StartError::Endpoint {
            endpoint: collector.endpoint.clone(),
            source,
        })?;
        Ok(match collector.transport {
            Transport::Http => Self::Http {
                client: Client::new(collector)?,
                url,
            },
            Transport::Grpc => {
                let mut builder = Legacy::builder(TokioExecutor::new());
                builder.http2_only(true).timer(TokioTimer::new());
                let client = builder.build(collector.connector()?);
                Self::Grpc {
                    client: MetricsServiceClient::with_origin(client, url),
                    headers: collector.headers(),
                }
            }
        })
    }

    /// Sends them once: what is not taken now is part of what comes next.
    pub(super) async fn export(
        &mut self,
        metrics: ExportMetricsServiceRequest,
    ) -> Result<(), ExportError> {
        match self {
            Self::Http { client, url } => {
                let mut request = Request::new(metrics.encode_to_vec().into());
                *request.method_mut() = http::Method::POST;
                *request.uri_mut() = url.clone();
                let protobuf = http::HeaderValue::from_static("application/x-protobuf");
                request.headers_mut().insert(CONTENT_TYPE, protobuf);
                let answer = client.send_bytes(request).await;
                match answer.map_err(ExportError::Unreachable)?.status() {
                    status if status.is_success() => Ok(()),
                    status => Err(ExportError::Refused(status)),
                }
            }
            Self::Grpc { client, headers } => {
                let mut request = tonic::Request::new(metrics);
                *request.metadata_mut() = MetadataMap::from_headers(headers.clone());
                let answer = client.export(request).await;
                let refused = |status| ExportError::Status(Box::new(status));
                answer.map(drop).map_err(refused)
            }
        }
    }
}
