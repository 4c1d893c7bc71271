//! Keeps pages of strangers from asking by way of somebody's browser.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, Method, Request,
    header::{HOST, ORIGIN},
    uri::Authority,
};

/// Who may ask.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// Whether only this host can ask: then it does so by address, or as `localhost`.
    is_local: bool,
    /// By which name others know this host, where it has one.
    host: Option<String>,
}

/// A request that looks as if somebody else had a browser send it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stranger {
    #[error("{host:?} is not what this host is called: ask by its address")]
    Host { host: String },
    #[error("a page of {origin:?} may not change anything here")]
    Origin { origin: String },
}

impl Guard {
    /// Guards an endpoint that is bound there.
    pub(crate) fn new(bound: SocketAddr, advertised: &str) -> Self {
        Self {
            is_local: bound.ip().is_loopback(),
            host: Some(advertised.to_ascii_lowercase()),
        }
    }

    /// Lets a request pass, or says why not.
    pub(super) fn look<B>(&self, request: &Request<B>) -> Result<(), Stranger> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !reads && let Some(origin) = text(request.headers(), ORIGIN.as_str()) {
            return Err(Stranger::Origin {
                origin: origin.to_owned(),
            });
        }
        // A name that a stranger owns may lead to this host, and a browser then takes it for the stranger's.
        let authority = request.uri().authority().map(Authority::as_str);
        if (self.is_local || !reads)
            && let Some(host) = authority.or_else(|| text(request.headers(), HOST.as_str()))
            && !self.is_called(host)
        {
            return Err(Stranger::Host {
                host: host.to_owned(),
            });
        }
        Ok(())
    }

    fn is_called(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let host = authority.host().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok() || host == "localhost" || self.host.as_ref() == Some(&host)
    }
}

/// A header, `None` where there is none that could be read.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name)?;
    Some(value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(bound: &str) -> Guard {
        Guard::new(bound.parse().unwrap(), "geo-7.example")
    }

    fn asked(method: Method, headers: &[(&str, &str)]) -> Request<()> {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    fn host(guard: &Guard, method: &Method, host: &str) -> bool {
        let request = asked(method.clone(), &[("host", host)]);
        guard.look(&request).is_ok()
    }

    #[test]
    fn who_asks_for_a_strangers_name_is_refused() {
        let local = guard("127.0.0.1:9000");
        for method in [Method::GET, Method::PUT] {
            for good in [
                "127.0.0.1:9000",
                "localhost:9000",
                "[::1]:9000",
                "GEO-7.example",
            ] {
                assert!(host(&local, &method, good), "{good}");
            }
            for bad in [
                "evil.example:9000",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "",
            ] {
                assert!(!host(&local, &method, bad), "{bad}");
            }
        }
    }

    #[test]
    fn where_others_may_ask_they_do_so_under_any_name_but_change_nothing() {
        let open = guard("0.0.0.0:9000");
        assert!(host(&open, &Method::GET, "frontend:9000"));
        assert!(!host(&open, &Method::PUT, "frontend:9000"));
        assert!(host(&open, &Method::PUT, "10.0.0.7:9000"));
    }

    #[test]
    fn a_page_changes_nothing() {
        let request = asked(
            Method::POST,
            &[("host", "127.0.0.1"), ("origin", "http://127.0.0.1")],
        );
        assert!(guard("127.0.0.1:1").look(&request).is_err());
    }
}
