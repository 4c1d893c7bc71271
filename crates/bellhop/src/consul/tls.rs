//! Whom to trust, and who we are, over TLS.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

use super::unverified::Unverified;

/// What TLS is set up from.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificates of the authorities to trust, PEM; those of the system where there is none.
    pub ca: Option<PathBuf>,
    /// Our certificate and those that it builds on, PEM; needs a `key`.
    pub cert: Option<PathBuf>,
    /// Our private key, PEM; needs a `cert`.
    pub key: Option<PathBuf>,
    /// The name that Consul's certificate must hold, where it is not that of the address.
    pub server_name: Option<String>,
    /// Whether Consul's certificate is verified at all.
    pub verify: bool,
}

impl Default for TlsFiles {
    fn default() -> Self {
        Self {
            ca: None,
            cert: None,
            key: None,
            server_name: None,
            verify: true,
        }
    }
}

/// One part of a [`TlsFiles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFile {
    /// The authorities to trust.
    Ca,
    /// Our certificate.
    Cert,
    /// Our private key.
    Key,
    /// The name in Consul's certificate.
    ServerName,
}

impl fmt::Display for TlsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ca => "a PEM file of certificates to trust",
            Self::Cert => "a PEM file of the client's certificate",
            Self::Key => "a PEM file of the client's private key",
            Self::ServerName => "a name of a host",
        })
    }
}

/// TLS cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("needs {file}: {reason}")]
pub struct InvalidTls {
    /// The part at fault.
    pub file: TlsFile,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidTls {
    fn new(file: TlsFile, reason: impl fmt::Display) -> Self {
        Self {
            file,
            reason: reason.to_string(),
        }
    }
}

/// TLS, set up and valid.
#[derive(Clone)]
pub struct Tls {
    pub(crate) config: ClientConfig,
    pub(crate) server_name: Option<ServerName<'static>>,
    /// Where it is from.
    pub(crate) files: TlsFiles,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Where one is missing, cannot be read or does not hold what it should.
    pub fn load(files: &TlsFiles) -> Result<Self, InvalidTls> {
        let server_name = files
            .server_name
            .as_deref()
            .map(|name| {
                ServerName::try_from(name.to_owned())
                    .map_err(|error| InvalidTls::new(TlsFile::ServerName, error))
            })
            .transpose()?;
        Ok(Self {
            config: client_config(files)?,
            server_name,
            files: files.clone(),
        })
    }

    /// Trusts nobody.
    pub(crate) fn nobody() -> ClientConfig {
        builder(&provider())
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    }
}

/// Named, so that no other crate's choice for the process matters.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring speaks both versions of TLS")
}

fn client_config(files: &TlsFiles) -> Result<ClientConfig, InvalidTls> {
    let provider = provider();
    let builder = if files.verify {
        builder(&provider).with_root_certificates(roots(files.ca.as_deref())?)
    } else {
        builder(&provider)
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified::new(provider)))
    };
    match (&files.cert, &files.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => builder
            .with_client_auth_cert(certificates(TlsFile::Cert, cert)?, private_key(key)?)
            .map_err(|error| InvalidTls::new(TlsFile::Key, error)),
        (Some(_), None) => Err(InvalidTls::new(TlsFile::Key, "there is a certificate")),
        (None, Some(_)) => Err(InvalidTls::new(TlsFile::Cert, "there is a key")),
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, InvalidTls> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        for certificate in certificates(TlsFile::Ca, ca)? {
            roots
                .add(certificate)
                .map_err(|error| InvalidTls::new(TlsFile::Ca, error))?;
        }
        return Ok(roots);
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        return Err(InvalidTls::new(TlsFile::Ca, "the system has none"));
    }
    Ok(roots)
}

fn certificates(file: TlsFile, path: &Path) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| InvalidTls::new(file, error))?;
    if certificates.is_empty() {
        return Err(InvalidTls::new(file, "it holds no certificate"));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, InvalidTls> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| InvalidTls::new(TlsFile::Key, error))
}
