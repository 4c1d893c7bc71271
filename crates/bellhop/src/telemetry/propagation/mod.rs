//! What requests carry beside their content: whose trace they belong to, and baggage.
//!
//! All forms that are known here are understood; what is sent, `OTEL_PROPAGATORS` says.

mod baggage;
mod hex;
mod uber;
mod w3c;

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::SpanContext;

pub use baggage::Baggage;
pub use w3c::inject;

/// The caller's span, invalid where the headers name none or not exactly one: what `traceparent` says, else
/// `uber-trace-id`.
///
/// A `tracestate` that cannot be read is dropped; the trace goes on without it.
#[must_use]
pub fn extract(headers: &HeaderMap) -> SpanContext {
    let span = w3c::extract(headers);
    if span.is_valid() {
        return span;
    }
    uber::extract(headers)
}

/// A value that no other request has: HTTP/2 then keeps it out of the table of headers that come again, where it would drive out
/// those that do.
fn never_again(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// What is sent with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Propagators {
    trace_context: bool,
    baggage: bool,
    uber: bool,
}

impl Default for Propagators {
    fn default() -> Self {
        Self {
            trace_context: true,
            baggage: true,
            ..Self::NONE
        }
    }
}

impl Propagators {
    /// Sends nothing, and reads nothing.
    const NONE: Self = Self {
        trace_context: false,
        baggage: false,
        uber: false,
    };

    /// Reads the value of `OTEL_PROPAGATORS`, `None` where it names one that is not known here.
    pub(super) fn parse(list: &str) -> Option<Self> {
        let mut propagators = Self::NONE;
        if list.trim() == "none" {
            return Some(propagators);
        }
        for name in list.split(',').map(str::trim) {
            match name {
                "tracecontext" => propagators.trace_context = true,
                "baggage" => propagators.baggage = true,
                "jaeger" => propagators.uber = true,
                _ => return None,
            }
        }
        Some(propagators)
    }

    /// The caller's span.
    pub(crate) fn extract(self, headers: &HeaderMap) -> SpanContext {
        match self {
            Self::NONE => SpanContext::NONE,
            _ => extract(headers),
        }
    }

    /// The caller's baggage.
    pub(crate) fn baggage(self, headers: &HeaderMap) -> Baggage {
        match self {
            Self::NONE => Baggage::default(),
            _ => Baggage::extract(headers),
        }
    }

    /// Writes a span into the headers of a request.
    pub(crate) fn inject(self, span: &SpanContext, headers: &mut HeaderMap) {
        if self.trace_context {
            w3c::inject(span, headers);
        }
        if self.uber {
            uber::inject(span, headers);
        }
    }

    /// Whether calls carry baggage.
    pub(crate) fn sends_baggage(self) -> bool {
        self.baggage
    }

    /// Writes baggage into the headers of a request, unless it has some.
    pub(crate) fn inject_baggage(self, baggage: &Baggage, headers: &mut HeaderMap) {
        if self.baggage {
            baggage.inject(headers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: (&str, &str) = (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    const UBER: (&str, &str) = ("uber-trace-id", "1234:5678:0:1");
    const LUGGAGE: (&str, &str) = ("baggage", "a=1");

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn sent(list: &str) -> Vec<String> {
        let propagators = Propagators::parse(list).unwrap();
        let mut written = HeaderMap::new();
        propagators.inject(&extract(&headers(&[PARENT])), &mut written);
        let baggage = Baggage::extract(&headers(&[LUGGAGE]));
        propagators.inject_baggage(&baggage, &mut written);
        let mut names: Vec<_> = written.keys().map(|name| name.to_string()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_sent_is_what_was_asked_for() {
        assert_eq!(
            Propagators::parse("tracecontext,baggage"),
            Some(Propagators::default())
        );
        assert_eq!(sent("tracecontext, baggage"), ["baggage", "traceparent"]);
        assert_eq!(sent("jaeger"), ["uber-trace-id"]);
        assert_eq!(
            sent("jaeger,tracecontext"),
            ["traceparent", "uber-trace-id"]
        );
        assert!(sent("none").is_empty());
        for unknown in ["b3", "tracecontext,b3", "tracecontext,none", ",", "Jaeger"] {
            assert_eq!(Propagators::parse(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn all_forms_are_understood_unless_none_is() {
        let all = headers(&[PARENT, UBER, LUGGAGE]);
        let trace = |list: &str, headers: &HeaderMap| {
            let propagators = Propagators::parse(list).unwrap();
            propagators.extract(headers).trace_id().to_string()
        };
        let (w3c, uber) = (
            "0af7651916cd43dd8448eb211c80319c",
            "00000000000000000000000000001234",
        );
        assert_eq!(trace("jaeger", &all), w3c, "the standard comes first");
        assert_eq!(trace("tracecontext", &headers(&[UBER])), uber);
        let broken = headers(&[("traceparent", "00-junk"), UBER]);
        assert_eq!(trace("tracecontext", &broken), uber);
        assert!(!Propagators::NONE.extract(&all).is_valid());
        assert_eq!(Propagators::NONE.baggage(&all), Baggage::default());
        let baggage = Propagators::parse("jaeger").unwrap().baggage(&all);
        assert_eq!(baggage.get("a").as_deref(), Some("1"));
    }
}
