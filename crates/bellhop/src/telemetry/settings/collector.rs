//! Where signals go: the variables of the exporter.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::millis;
use crate::{
    config::Reader,
    telemetry::{
        collector::{Collector, Transport, certificates},
        pairs,
    },
};

const DEFAULT_EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    /// As in the names of variables.
    fn key(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    /// What is appended to an endpoint of all signals, over HTTP.
    fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}

/// The collector of a signal, where there is one.
pub(super) fn read_collector(reader: &mut Reader<'_>, signal: Signal) -> Option<Collector> {
    let own = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.key());
    let own = read_endpoint(reader, &own);
    let common = read_endpoint(reader, "OTEL_EXPORTER_OTLP_ENDPOINT");
    let transport = either(reader, signal, "PROTOCOL", read_transport).unwrap_or(Transport::Http);
    let headers = either(reader, signal, "HEADERS", read_headers).unwrap_or_default();
    let timeout = either(reader, signal, "TIMEOUT", millis).unwrap_or(DEFAULT_EXPORT_TIMEOUT);
    let roots = either(reader, signal, "CERTIFICATE", read_roots);
    let endpoint = match (own, common) {
        (Some(own), _) => own.to_string(),
        (None, Some(common)) if transport == Transport::Http => {
            let common = common.to_string();
            format!("{}/{}", common.trim_end_matches('/'), signal.path())
        }
        (None, Some(common)) => common.to_string(),
        (None, None) => return None,
    };
    Some(Collector {
        transport,
        endpoint,
        headers,
        timeout,
        roots,
    })
}

/// A variable of the exporter: that of the signal, else that of all. Both are checked.
fn either<T>(
    reader: &mut Reader<'_>,
    signal: Signal,
    name: &str,
    read: fn(&mut Reader<'_>, &str) -> Option<T>,
) -> Option<T> {
    let own = read(
        reader,
        &format!("OTEL_EXPORTER_OTLP_{}_{name}", signal.key()),
    );
    let common = read(reader, &format!("OTEL_EXPORTER_OTLP_{name}"));
    own.or(common)
}

/// An address without credentials, for it is told wherever something is told of the collector.
fn read_endpoint(reader: &mut Reader<'_>, name: &str) -> Option<Uri> {
    const EXPECTED: &str = "http://HOST:PORT or https://HOST:PORT, without a user and without a query \
                            (credentials belong into OTEL_EXPORTER_OTLP_HEADERS)";
    reader.with(name, EXPECTED, |text| {
        let url: Uri = text.parse().ok()?;
        let known = matches!(url.scheme_str(), Some("http" | "https"));
        let named = url.host().is_some_and(|host| !host.is_empty());
        // Also behind the first slash, which may be part of a password.
        let has_user = text.contains('@');
        (known && named && !has_user && url.query().is_none()).then_some(url)
    })
}

fn read_transport(reader: &mut Reader<'_>, name: &str) -> Option<Transport> {
    reader.with(name, "grpc or http/protobuf", |protocol| match protocol {
        "grpc" => Some(Transport::Grpc),
        "http/protobuf" => Some(Transport::Http),
        _ => None,
    })
}

fn read_headers(reader: &mut Reader<'_>, name: &str) -> Option<HeaderMap> {
    let text = reader.text(name)?;
    let headers = pairs::parse(&text).and_then(|pairs| {
        pairs
            .into_iter()
            .map(|(name, value)| {
                let mut value = HeaderValue::try_from(value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::try_from(name).ok()?, value))
            })
            .collect()
    });
    if headers.is_none() {
        reader.reject_secret(name, "key=value pairs that are valid headers");
    }
    headers
}

fn read_roots(reader: &mut Reader<'_>, name: &str) -> Option<Vec<u8>> {
    reader.with(name, "a readable file of PEM certificates", |path| {
        let pem = std::fs::read(path).ok()?;
        certificates(&pem).is_some().then_some(pem)
    })
}
