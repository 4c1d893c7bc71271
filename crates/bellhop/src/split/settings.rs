//! What a member takes off the requests that it serves.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use super::{
    FORCE, as_version,
    sticky::{is_of_who_asks, travelling},
};
use crate::{config::Reader, telemetry::Baggage};

/// The most headers that may travel.
const MOST_HEADERS: usize = 8;

/// What a member takes off the requests that it serves, for the calls that it makes on their behalf.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// Whether requests may say which version is to serve them.
    force: bool,
    /// The headers whose values travel as baggage, each by what stands for it.
    sticky: Vec<HeaderName>,
}

impl Carried {
    /// Reads `BELLHOP_FORCE_VERSION` and `BELLHOP_STICKY` (`x-user,x-tenant`).
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let expected = "names of at most 8 headers, such as x-user,x-tenant";
        Self {
            force: reader.switch("BELLHOP_FORCE_VERSION").unwrap_or(false),
            sticky: reader
                .with("BELLHOP_STICKY", expected, headers)
                .unwrap_or_default(),
        }
    }

    /// Whether it is nothing, whatever the request.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.force && self.sticky.is_empty()
    }

    /// The version that a request is to be served by on all hops, where it may say that.
    pub(crate) fn version(&self, headers: &HeaderMap) -> Option<Arc<str>> {
        self.force
            .then(|| headers.get(FORCE).and_then(as_version))
            .flatten()
    }

    /// The baggage of a request with those of its headers that travel.
    pub(crate) fn baggage(&self, headers: &HeaderMap, baggage: Baggage) -> Baggage {
        let carried = self.sticky.iter().filter_map(|name| {
            let value = headers.get(name)?.as_bytes();
            (!value.is_empty()).then(|| (name.as_str(), travelling(value)))
        });
        carried.fold(baggage, |baggage, (name, value)| baggage.with(name, &value))
    }
}

fn headers(text: &str) -> Option<Vec<HeaderName>> {
    let names = text.split(',').map(|name| name.trim().parse().ok());
    let names: Vec<HeaderName> = names.collect::<Option<_>>()?;
    let can = names.len() <= MOST_HEADERS && names.iter().all(is_of_who_asks);
    can.then_some(names)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn carried(settings: &[(&str, &str)]) -> Option<Carried> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let source: BTreeMap<String, String> = settings.iter().map(owned).collect();
        let mut reader = Reader::new(&source);
        let carried = Carried::read(&mut reader);
        reader.finish().is_ok().then_some(carried)
    }

    fn request(headers: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = headers.iter();
        pairs
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn nothing_is_taken_unless_it_is_allowed() {
        let headers = request(&[("x-bellhop-version", "v2"), ("x-user", "alice")]);
        let nothing = carried(&[]).unwrap();
        assert!(nothing.is_nothing());
        assert_eq!(nothing.version(&headers), None);
        let baggage = nothing.baggage(&headers, Baggage::default());
        assert_eq!(baggage, Baggage::default());
    }

    #[test]
    fn what_is_allowed_is_taken() {
        let settings = [
            ("BELLHOP_FORCE_VERSION", "true"),
            ("BELLHOP_STICKY", "X-User, x-tenant"),
        ];
        let carried = carried(&settings).unwrap();
        let headers = request(&[("x-bellhop-version", " v2 "), ("x-user", "al, ice")]);
        assert_eq!(carried.version(&headers).as_deref(), Some("v2"));
        let before = Baggage::default().with("x-user", "bob").with("a", "1");
        let baggage = carried.baggage(&headers, before);
        let sent = travelling(b"al, ice");
        assert_eq!(baggage.get("x-user").as_deref(), Some(&*sent));
        assert_eq!(baggage.get("a").as_deref(), Some("1"));
        let odd = request(&[("x-bellhop-version", ""), ("x-user", "")]);
        assert_eq!(carried.version(&odd), None);
        assert_eq!(
            carried.baggage(&odd, Baggage::default()),
            Baggage::default()
        );
        let long = "v".repeat(300);
        let long = request(&[("x-bellhop-version", &long), ("x-user", &long)]);
        assert_eq!(carried.version(&long), None);
        let baggage = carried.baggage(&long, Baggage::default());
        assert!(baggage.get("x-user").is_some());
    }

    #[test]
    fn what_names_no_headers_is_refused() {
        for bad in ["x user", "a,,b", "a,b,c,d,e,f,g,h,i", "x-user,te"] {
            assert!(carried(&[("BELLHOP_STICKY", bad)]).is_none(), "{bad}");
        }
    }
}
