//! Where an agent listens.

use std::{fmt, str::FromStr};

use http::{
    Uri,
    uri::{Authority, PathAndQuery},
};

/// A scheme, a host with its port, and a path before all others (for an agent behind a proxy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    tls: bool,
    authority: Authority,
    prefix: String,
}

/// A text that is no address of an agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is no address of a Consul agent: {reason}")]
pub struct InvalidAddress {
    /// The text.
    pub address: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Address {
    /// A local agent.
    pub(crate) fn local() -> Self {
        Self {
            tls: false,
            authority: Authority::from_static("127.0.0.1:8500"),
            prefix: String::new(),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls
    }

    #[must_use]
    pub(crate) fn over_tls(self) -> Self {
        Self { tls: true, ..self }
    }

    /// The address of a call.
    pub(crate) fn uri(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path_and_query}", self.prefix))
            .build()
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority, self.prefix)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        parse(text).map_err(|reason| InvalidAddress {
            // What follows a user's name may be a password.
            address: if text.contains('@') { "***" } else { text }.to_owned(),
            reason,
        })
    }
}

fn parse(text: &str) -> Result<Address, &'static str> {
    let (tls, rest) = match text.split_once("://") {
        None => (false, text),
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        Some(("unix", _)) => return Err("unix sockets are not supported"),
        Some(_) => return Err("the scheme is neither http nor https"),
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.contains('@') {
        return Err("a user belongs into CONSUL_HTTP_AUTH");
    }
    let authority: Authority = authority.parse().map_err(|_| "no host and port")?;
    if authority.host().is_empty() {
        return Err("there is no host");
    }
    let has_port = authority.as_str().len() > authority.host().len();
    if has_port && authority.port_u16().is_none_or(|port| port == 0) {
        return Err("the port is not a number from 1 to 65535");
    }
    let path = path.trim_end_matches('/');
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("/{path}")
    };
    let is_path = |text: &str| {
        text.parse::<PathAndQuery>()
            .is_ok_and(|path| path.query().is_none())
    };
    if prefix.contains('#') || !prefix.is_empty() && !is_path(&prefix) {
        return Err("the path is none");
    }
    Ok(Address {
        tls,
        authority,
        prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, &'static str> {
        text.parse::<Address>()
            .map(|address| address.to_string())
            .map_err(|error| error.reason)
    }

    #[test]
    fn the_scheme_may_be_left_out() {
        assert_eq!(shown("127.0.0.1:8500").unwrap(), "http://127.0.0.1:8500");
        assert_eq!(shown("[::1]:8500").unwrap(), "http://[::1]:8500");
        assert_eq!(shown("http://consul:8500/").unwrap(), "http://consul:8500");
        assert_eq!(shown("https://consul").unwrap(), "https://consul");
    }

    #[test]
    fn a_path_comes_before_all_others() {
        let address: Address = "https://gate.example/consul/".parse().unwrap();
        let uri = address.uri("/v1/status/leader?dc=a").unwrap();
        assert_eq!(
            uri.to_string(),
            "https://gate.example/consul/v1/status/leader?dc=a"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for (text, reason) in [
            ("unix:///run/consul.sock", "unix sockets are not supported"),
            ("ftp://consul:8500", "the scheme is neither http nor https"),
            ("", "no host and port"),
            (":8500", "there is no host"),
            ("consul:0", "the port is not a number from 1 to 65535"),
            ("consul:", "the port is not a number from 1 to 65535"),
            ("consul:85000", "the port is not a number from 1 to 65535"),
            ("a b:8500", "no host and port"),
            ("http://consul:8500/?a=b", "the path is none"),
        ] {
            assert_eq!(shown(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let error = "http://mary:s3cret@consul:8500"
            .parse::<Address>()
            .unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
