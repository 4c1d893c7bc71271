//! Where Consul is and how to speak to it, by the settings that Consul's own clients read.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;

use super::{
    address::{Address, InvalidAddress},
    credentials,
    tls::{Tls, TlsFile, TlsFiles},
};
use crate::config::Reader;

/// Where a local agent listens.
const ADDRESS: &str = "127.0.0.1:8500";
/// The time that a call may take; a query that waits takes that much longer than its wait.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most of an answer that is read, in bytes: ten thousand instances of a service and more.
const BODY_MAX: usize = 32 << 20;

/// How to reach one Consul agent.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) address: Address,
    pub(crate) tls: Option<Tls>,
    pub(crate) token: Option<HeaderValue>,
    /// Where the token is from, and is looked for again.
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) basic: Option<HeaderValue>,
    pub(crate) namespace: Option<String>,
    pub(crate) datacenter: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) body_max: usize,
}

impl Config {
    /// An agent by its address, such as `127.0.0.1:8500` or `https://consul.example:8501`; all else as by default.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn at(address: &str) -> Result<Self, InvalidAddress> {
        Ok(Self::with_address(address.parse()?))
    }

    fn with_address(address: Address) -> Self {
        Self {
            address,
            tls: None,
            token: None,
            token_file: None,
            basic: None,
            namespace: None,
            datacenter: None,
            timeout: TIMEOUT,
            body_max: BODY_MAX,
        }
    }

    /// Whom to trust at an `https` address; without it, nobody is.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The time that a call may take; a query that waits takes that much longer than its wait.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The most of an answer that is read, in bytes.
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// Reads the settings of Consul's own clients: `CONSUL_HTTP_ADDR`, `CONSUL_HTTP_TOKEN`, `CONSUL_HTTP_TOKEN_FILE`,
    /// `CONSUL_HTTP_AUTH`, `CONSUL_HTTP_SSL`, `CONSUL_HTTP_SSL_VERIFY`, `CONSUL_CACERT`, `CONSUL_CLIENT_CERT`,
    /// `CONSUL_CLIENT_KEY`, `CONSUL_TLS_SERVER_NAME`, `CONSUL_NAMESPACE` and `CONSUL_DATACENTER`; and one of ours,
    /// `BELLHOP_CONSUL_TIMEOUT`.
    ///
    /// What is in files is looked at again every two seconds, and after a refusal: calls go on with the token, the authorities
    /// and the certificate that are there then, or with those before where these are of no use.
    ///
    /// Bad ones are left to [`Reader::finish`]; what comes back then is not to be used.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let mut config = Self::with_address(read_address(reader));
        if config.address.is_tls() {
            config.tls = read_tls(reader);
        }
        config.token = read_token(reader);
        config.token_file = reader.text("CONSUL_HTTP_TOKEN_FILE").map(PathBuf::from);
        config.basic = read_basic(reader);
        config.namespace = reader.text("CONSUL_NAMESPACE");
        config.datacenter = reader.text("CONSUL_DATACENTER");
        if let Some(timeout) = reader.duration("BELLHOP_CONSUL_TIMEOUT") {
            config.timeout = timeout;
        }
        config
    }
}

fn read_address(reader: &mut Reader<'_>) -> Address {
    let text = reader.text("CONSUL_HTTP_ADDR");
    let address = match text.as_deref().unwrap_or(ADDRESS).parse::<Address>() {
        Ok(address) => address,
        Err(error) => {
            reader.reject(
                "CONSUL_HTTP_ADDR",
                &error.address,
                &format!(
                    "HOST:PORT, http://HOST:PORT or https://HOST:PORT ({})",
                    error.reason
                ),
            );
            Address::local()
        }
    };
    match reader.flag("CONSUL_HTTP_SSL") {
        Some(true) => address.over_tls(),
        _ => address,
    }
}

fn read_tls(reader: &mut Reader<'_>) -> Option<Tls> {
    let files = TlsFiles {
        ca: reader.text("CONSUL_CACERT").map(PathBuf::from),
        cert: reader.text("CONSUL_CLIENT_CERT").map(PathBuf::from),
        key: reader.text("CONSUL_CLIENT_KEY").map(PathBuf::from),
        server_name: reader.text("CONSUL_TLS_SERVER_NAME"),
        verify: reader.flag("CONSUL_HTTP_SSL_VERIFY").unwrap_or(true),
    };
    match Tls::load(&files) {
        Ok(tls) => Some(tls),
        Err(error) => {
            let name = match error.file {
                TlsFile::Ca => "CONSUL_CACERT",
                TlsFile::Cert => "CONSUL_CLIENT_CERT",
                TlsFile::Key => "CONSUL_CLIENT_KEY",
                TlsFile::ServerName => "CONSUL_TLS_SERVER_NAME",
            };
            let value = reader.text(name).unwrap_or_default();
            reader.reject(name, &value, &format!("{} ({})", error.file, error.reason));
            None
        }
    }
}

/// The token; the one in a file wins, as with Consul's own clients.
fn read_token(reader: &mut Reader<'_>) -> Option<HeaderValue> {
    let Some(path) = reader.text("CONSUL_HTTP_TOKEN_FILE") else {
        let token = reader.text("CONSUL_HTTP_TOKEN")?;
        return secret_header(reader, "CONSUL_HTTP_TOKEN", &token);
    };
    let token = credentials::token_in(Path::new(&path));
    token
        .map_err(|expected| reader.reject("CONSUL_HTTP_TOKEN_FILE", &path, &expected))
        .ok()
}

/// `user:password`, or `user` alone.
fn read_basic(reader: &mut Reader<'_>) -> Option<HeaderValue> {
    let mut pair = reader.text("CONSUL_HTTP_AUTH")?;
    if !pair.contains(':') {
        pair.push(':');
    }
    let header = format!("Basic {}", BASE64_STANDARD.encode(pair));
    secret_header(reader, "CONSUL_HTTP_AUTH", &header)
}

fn secret_header(reader: &mut Reader<'_>, name: &str, value: &str) -> Option<HeaderValue> {
    let Ok(mut header) = HeaderValue::from_str(value) else {
        reader.reject_secret(name, "a text that fits into a header");
        return None;
    };
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Write};

    use super::*;
    use crate::config::ConfigError;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let source: BTreeMap<String, String> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut reader = Reader::new(&source);
        let config = Config::read(&mut reader);
        reader.finish().map(|()| config)
    }

    #[test]
    fn a_local_agent_is_the_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.address.to_string(), "http://127.0.0.1:8500");
        assert!(config.token.is_none());
    }

    #[test]
    fn secrets_are_never_shown() {
        let config = read(&[
            ("CONSUL_HTTP_TOKEN", "s3cret-token"),
            ("CONSUL_HTTP_AUTH", "mary:s3cret"),
        ])
        .unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(config.token.unwrap(), "s3cret-token");
        assert_eq!(config.basic.unwrap(), "Basic bWFyeTpzM2NyZXQ=");

        let error = read(&[("CONSUL_HTTP_TOKEN", "s3cret\ntoken")]).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn a_token_in_a_file_wins() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, " from-file ").unwrap();
        let path = file.path().to_str().unwrap();
        let config = read(&[
            ("CONSUL_HTTP_TOKEN", "direct"),
            ("CONSUL_HTTP_TOKEN_FILE", path),
        ])
        .unwrap();
        assert_eq!(config.token.unwrap(), "from-file");
    }

    #[test]
    fn every_bad_setting_is_named() {
        let error = read(&[
            ("CONSUL_HTTP_ADDR", "unix:///run/consul.sock"),
            ("CONSUL_HTTP_SSL", "true"),
            ("CONSUL_CACERT", "missing.pem"),
            ("CONSUL_HTTP_TOKEN_FILE", "missing.token"),
            ("BELLHOP_CONSUL_TIMEOUT", "never"),
        ])
        .unwrap_err();
        let names: Vec<_> = error
            .faults
            .iter()
            .map(|fault| fault.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "CONSUL_HTTP_ADDR",
                "CONSUL_CACERT",
                "CONSUL_HTTP_TOKEN_FILE",
                "BELLHOP_CONSUL_TIMEOUT"
            ]
        );
    }

    #[test]
    fn tls_files_count_only_over_tls() {
        let unused = read(&[("CONSUL_CACERT", "missing.pem")]);
        assert!(unused.is_ok());
    }

    #[test]
    fn a_client_certificate_needs_its_key() {
        let error = read(&[
            ("CONSUL_HTTP_ADDR", "https://127.0.0.1:8501"),
            ("CONSUL_HTTP_SSL_VERIFY", "false"),
            ("CONSUL_CLIENT_CERT", "client.pem"),
        ])
        .unwrap_err();
        assert_eq!(error.faults[0].name, "CONSUL_CLIENT_KEY");
    }
}
