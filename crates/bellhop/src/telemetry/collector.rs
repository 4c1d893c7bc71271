//! The collector: where it is, what it is told, and how it is trusted.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header::USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::{HttpClient, HttpError, hyper::HyperClient};
use opentelemetry_otlp::{
    Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig, WithTonicConfig,
    tonic_types::{
        metadata::MetadataMap,
        transport::{Certificate, ClientTlsConfig},
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::export::StartError;

/// The way to a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Grpc,
    Http,
}

/// Where spans go.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    pub(super) transport: Transport,
    pub(super) endpoint: String,
    pub(super) headers: HeaderMap,
    /// For one export with its retries.
    pub(super) timeout: Duration,
    /// Trusted instead of the system's, as PEM.
    pub(super) roots: Option<Vec<u8>>,
}

impl Collector {
    /// An exporter that sends to it. Must be called within the runtime that will drive it.
    pub(super) fn exporter(&self) -> Result<Otlp, StartError> {
        let built = match self.transport {
            Transport::Grpc => self.grpc(),
            Transport::Http => Otlp::builder()
                .with_http()
                .with_protocol(Protocol::HttpBinary)
                .with_endpoint(&self.endpoint)
                .with_timeout(self.timeout)
                .with_http_client(Client::new(self)?)
                .build(),
        };
        built.map_err(|source| StartError::Exporter {
            endpoint: self.endpoint.clone(),
            source,
        })
    }

    fn grpc(&self) -> Result<Otlp, opentelemetry_otlp::ExporterBuildError> {
        let headers = self.headers();
        let mut builder = Otlp::builder()
            .with_tonic()
            .with_endpoint(&self.endpoint)
            .with_timeout(self.timeout)
            // The exporter adds headers from the process environment, which is not where settings come from here.
            .with_interceptor(move |mut request: tonic::Request<()>| {
                *request.metadata_mut() = MetadataMap::from_headers(headers.clone());
                Ok(request)
            });
        if self.is_https() {
            let tls = ClientTlsConfig::new();
            builder = builder.with_tls_config(match &self.roots {
                Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
                None => tls.with_enabled_roots(),
            });
        }
        builder.build()
    }

    fn is_https(&self) -> bool {
        self.endpoint.starts_with("https:")
    }

    /// Those of the settings, and who speaks.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        let agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(agent));
        headers
    }

    pub(super) fn connector(&self) -> Result<HttpsConnector<HttpConnector>, StartError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            Some(pem) => roots.add_parsable_certificates(certificates(pem).unwrap_or_default()),
            // Reading the system's takes milliseconds, for nothing where the collector speaks plainly.
            None if !self.is_https() => (0, 0),
            None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http();
        Ok(match self.transport {
            Transport::Grpc => connector.enable_http2().build(),
            Transport::Http => connector.enable_http1().build(),
        })
    }
}

/// The certificates of a PEM file, `None` where there is none or one is broken.
pub(super) fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// Sends the headers of the settings and no others but the content's own.
///
/// The exporter adds headers from the process environment, which is not where settings come from here.
#[derive(Debug)]
pub(super) struct Client {
    inner: HyperClient<HttpsConnector<HttpConnector>>,
    headers: HeaderMap,
}

impl Client {
    pub(super) fn new(collector: &Collector) -> Result<Self, StartError> {
        Ok(Self {
            inner: HyperClient::new(collector.connector()?, collector.timeout, None),
            headers: collector.headers(),
        })
    }
}

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(
        &'a self,
        mut request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let mut headers = self.headers.clone();
        if let Some(content_type) = request.headers_mut().remove(http::header::CONTENT_TYPE) {
            headers.insert(http::header::CONTENT_TYPE, content_type);
        }
        *request.headers_mut() = headers;
        self.inner.send_bytes(request)
    }
}
