//! HTTP requests that one runtime answers.

use std::{borrow::Cow, sync::Arc};

use http::{Method, StatusCode};
use opentelemetry::trace::SpanContext;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, URL_SCHEME,
};
use tokio::time::Instant;

use super::{
    Source,
    catalogue::HTTP_REQUESTS,
    histogram::Histogram,
    refusals::{Limiter, Refusals},
    snapshot::{Attributes, Snapshot, overflow},
    table::{Table, hash},
};
use crate::telemetry::status::method_name;

/// Combinations of method, route and status that are told apart.
const SERIES: usize = 512;
const OTHER: &str = "_OTHER";

/// Counts the HTTP requests that one runtime answers.
#[derive(Debug)]
pub(crate) struct Requests {
    series: Table<Key, Histogram>,
    overflow: Histogram,
    refusals: Refusals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    method: &'static str,
    route: Option<&'static str>,
    /// `None` where the client left before it had one.
    status: Option<StatusCode>,
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Timing {
    requests: Arc<Requests>,
    method: &'static str,
    begun: Instant,
}

impl Requests {
    pub(super) fn new() -> Self {
        Self {
            series: Table::new(SERIES),
            overflow: Histogram::default(),
            refusals: Refusals::default(),
        }
    }

    /// A request begins.
    pub(crate) fn begun(self: &Arc<Self>, method: &Method, begun: Instant) -> Timing {
        Timing {
            requests: self.clone(),
            method: method_name(method).unwrap_or(OTHER),
            begun,
        }
    }

    fn of(&self, key: Key) -> &Histogram {
        let is = |known: &Key| *known == key;
        let place = self.series.find(key.hash(), is);
        let place = place.or_else(|| self.series.insert(key.hash(), is, || key));
        let known = place.and_then(|place| self.series.at(place));
        known.unwrap_or(&self.overflow)
    }
}

impl Key {
    fn hash(&self) -> u64 {
        let route = hash(self.route.unwrap_or_default().as_bytes());
        let status = self.status.map_or(0, |status| status.as_u16());
        let [a, b] = status.to_le_bytes();
        let method = self.method.as_bytes();
        route ^ hash(&[a, b, method[0], method[method.len() - 1]])
    }

    fn attributes(&self) -> Attributes {
        let mut attributes: Attributes = vec![(HTTP_REQUEST_METHOD, self.method.into())];
        attributes.extend(self.route.map(|route| (HTTP_ROUTE, route.into())));
        let code = |status: StatusCode| Cow::Owned(status.as_str().to_owned());
        attributes.extend(
            self.status
                .map(|status| (HTTP_RESPONSE_STATUS_CODE, code(status))),
        );
        attributes.push((URL_SCHEME, "http".into()));
        let failed = self.status.filter(StatusCode::is_server_error).map(code);
        let error = self.status.map_or(Some("cancelled".into()), |_| failed);
        attributes.extend(error.map(|error| (ERROR_TYPE, error)));
        attributes
    }
}

impl Timing {
    /// It was one too many.
    pub(crate) fn refused(&self, limiter: Limiter) {
        self.requests.refusals.count(limiter);
    }

    /// The request is answered, or was given up; `span` is what was recorded of it.
    pub(crate) fn end(
        self,
        status: Option<StatusCode>,
        route: Option<&'static str>,
        span: Option<&SpanContext>,
    ) {
        let key = Key {
            method: self.method,
            route,
            status,
        };
        self.requests.of(key).record(self.begun.elapsed(), span);
    }
}

impl Source for Requests {
    fn collect(&self, into: &mut Snapshot) {
        self.refusals
            .collect(&[Limiter::Shed, Limiter::Client], into);
        for (key, histogram) in self.series.iter() {
            into.histogram(&HTTP_REQUESTS, || key.attributes(), histogram);
        }
        into.histogram(&HTTP_REQUESTS, overflow, &self.overflow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(requests: &Requests) -> Vec<String> {
        let mut snapshot = Snapshot::default();
        requests.collect(&mut snapshot);
        let durations = snapshot
            .families()
            .filter(|family| family.metric.unit == "s");
        let all = durations.flat_map(|family| family.series.keys());
        let text = |attributes: &Attributes| {
            let each = attributes
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            each.collect::<Vec<_>>().join(" ")
        };
        all.map(text).collect()
    }

    #[test]
    fn attributes_are_those_of_the_conventions() {
        let requests = Arc::new(Requests::new());
        let end = |method: Method, status: u16, route| {
            let status = StatusCode::from_u16(status).ok();
            requests
                .begun(&method, Instant::now())
                .end(status, route, None);
        };
        end(Method::GET, 200, Some("/hotels"));
        end(Method::GET, 503, Some("/hotels"));
        end(Method::from_bytes(b"BREW").unwrap(), 404, None);
        end(Method::GET, 0, None);
        assert_eq!(
            series(&requests),
            [
                "http.request.method=GET http.route=/hotels http.response.status_code=200 url.scheme=http",
                "http.request.method=GET http.route=/hotels http.response.status_code=503 url.scheme=http error.type=503",
                "http.request.method=GET url.scheme=http error.type=cancelled",
                "http.request.method=_OTHER http.response.status_code=404 url.scheme=http",
            ]
        );
    }

    #[test]
    fn statuses_that_are_too_many_are_one_series() {
        let requests = Arc::new(Requests::new());
        for status in 100..1000 {
            let status = StatusCode::from_u16(status).ok();
            requests
                .begun(&Method::GET, Instant::now())
                .end(status, None, None);
        }
        assert_eq!(series(&requests).len(), SERIES + 1);
    }
}
