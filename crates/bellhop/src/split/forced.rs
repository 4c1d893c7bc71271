//! Requests that say themselves which version they are for.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Request};

use super::{key, sticky::arrived};
use crate::{balance::Want, telemetry::Baggage};

/// Names the version that is to serve a request, over all hops.
pub(crate) const FORCE: HeaderName = HeaderName::from_static("x-bellhop-version");

/// The longest name of a version that a request may have, in bytes.
const MOST_BYTES: usize = 128;

/// The version that a header names, where it is one.
pub(crate) fn as_version(value: &HeaderValue) -> Option<Arc<str>> {
    Some(named(value)?.into())
}

fn named(value: &HeaderValue) -> Option<&str> {
    let version = value.to_str().ok()?.trim();
    (1..=MOST_BYTES).contains(&version.len()).then_some(version)
}

/// Names a version in the headers of a call, unless they name one.
pub(crate) fn force(version: &str, headers: &mut HeaderMap) {
    if let Ok(version) = HeaderValue::from_str(version) {
        headers.entry(FORCE).or_insert(version);
    }
}

/// Whom a call is for: the version that it names, else the one for its value of the header that traffic is sticky by, which it
/// has itself or in its baggage.
pub(crate) fn want<B>(request: &Request<B>, sticky: Option<&HeaderName>) -> Want {
    let headers = request.headers();
    if let Some(version) = headers.get(FORCE).and_then(named) {
        return Want::Version(version.into());
    }
    let Some(name) = sticky else {
        return Want::Next;
    };
    if let Some(value) = headers.get(name).filter(|value| !value.is_empty()) {
        return Want::Key(key(value.as_bytes()));
    }
    let carried = Baggage::extract(headers);
    let carried = carried.get(name.as_str());
    carried.map_or(Want::Next, |value| Want::Key(arrived(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(headers: &[(&str, &str)], sticky: Option<&'static str>) -> Want {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sticky = sticky.map(HeaderName::from_static);
        want(&request.body(()).unwrap(), sticky.as_ref())
    }

    #[test]
    fn a_call_goes_by_what_it_says() {
        let alice = Want::Key(key(b"alice"));
        assert_eq!(wanted(&[], None), Want::Next);
        assert_eq!(wanted(&[], Some("x-user")), Want::Next);
        assert_eq!(wanted(&[("x-user", "alice")], None), Want::Next);
        assert_eq!(wanted(&[("x-user", "alice")], Some("x-user")), alice);
        let baggage = [("baggage", "a=1,x-user=alice")];
        assert_eq!(wanted(&baggage, Some("x-user")), alice);
        let both = [("x-user", "alice"), ("baggage", "x-user=bob")];
        assert_eq!(wanted(&both, Some("x-user")), alice);
        let forced = [("x-user", "alice"), ("x-bellhop-version", "v2")];
        assert_eq!(wanted(&forced, Some("x-user")), Want::Version("v2".into()));
        assert_eq!(wanted(&[("x-bellhop-version", "")], None), Want::Next);
    }
}
