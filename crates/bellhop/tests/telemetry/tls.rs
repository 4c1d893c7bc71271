//! Collectors behind TLS.

use std::{io::Write, sync::Arc};

use bellhop::telemetry::ServerCall;
use http::HeaderMap;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tonic::Code;

use crate::support::{Collector, PATIENCE, PROTOCOLS, member};

/// A server's end, and the file that makes it trusted.
fn tls() -> (TlsAcceptor, NamedTempFile) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(cert.pem().as_bytes()).unwrap();
    (TlsAcceptor::from(Arc::new(config)), file)
}

async fn export(protocol: &str, trusted: Option<&NamedTempFile>, acceptor: TlsAcceptor) -> usize {
    let mut collector = Collector::with_tls(acceptor).await;
    let url = format!("https://localhost:{}", collector.port());
    let more = trusted.map(|file| {
        (
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
            file.path().to_str().unwrap(),
        )
    });
    let geo = member("geo", &url, protocol, more.as_slice());
    let call = ServerCall {
        path: "/one",
        peer: None,
    };
    geo.server(&HeaderMap::new(), call).end_grpc(Code::Ok);
    let ended = geo.shutdown(PATIENCE / 2).await;
    let sent = collector.rest().len();
    assert_eq!(ended.is_ok(), sent == 1);
    sent
}

#[tokio::test]
async fn a_trusted_collector_gets_the_spans() {
    for protocol in PROTOCOLS {
        let (acceptor, file) = tls();
        assert_eq!(export(protocol, Some(&file), acceptor).await, 1);
    }
}

#[tokio::test]
async fn a_stranger_gets_none() {
    for protocol in PROTOCOLS {
        let (acceptor, _) = tls();
        let (_, other) = tls();
        assert_eq!(export(protocol, Some(&other), acceptor.clone()).await, 0);
        assert_eq!(export(protocol, None, acceptor).await, 0);
    }
}
