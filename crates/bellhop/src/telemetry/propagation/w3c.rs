//! W3C trace context: what the headers `traceparent` and `tracestate` say, and how they are written.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::{hex, never_again};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-<32 hex>-<16 hex>-<2 hex>`.
const LENGTH: usize = 55;

/// Sampled (level 1) and random (level 2). The standard asks for all others to be dropped.
const KNOWN_FLAGS: u8 = 0b11;

/// The caller's span, invalid where the headers name none or not exactly one.
///
/// A `tracestate` that cannot be read is dropped; the trace goes on without it.
pub(super) fn extract(headers: &HeaderMap) -> SpanContext {
    let mut values = headers.get_all(&TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return SpanContext::NONE;
    };
    match parse(value.as_bytes()) {
        Some((trace_id, span_id, flags)) => {
            SpanContext::new(trace_id, span_id, flags, true, state(headers))
        }
        None => SpanContext::NONE,
    }
}

/// Writes a span into the headers of a request; an invalid one leaves them as they are.
pub fn inject(span: &SpanContext, headers: &mut HeaderMap) {
    if !span.is_valid() {
        return;
    }
    if let Ok(value) = HeaderValue::from_bytes(&format(span)) {
        headers.insert(TRACEPARENT, never_again(value));
    }
    if *span.trace_state() == TraceState::NONE {
        headers.remove(TRACESTATE);
    } else if let Ok(value) = HeaderValue::try_from(span.trace_state().header()) {
        headers.insert(TRACESTATE, never_again(value));
    }
}

/// All `tracestate` headers together, in their order.
fn state(headers: &HeaderMap) -> TraceState {
    let mut values = headers.get_all(&TRACESTATE).iter();
    let Some(first) = values.next() else {
        return TraceState::NONE;
    };
    let mut list = first.to_str().unwrap_or_default().to_owned();
    for value in values {
        list.push(',');
        list.push_str(value.to_str().unwrap_or_default());
    }
    list.parse().unwrap_or_default()
}

fn parse(text: &[u8]) -> Option<(TraceId, SpanId, TraceFlags)> {
    let [version] = hex::read(text.get(..2)?)?;
    let well_formed = match version {
        0x00 => text.len() == LENGTH,
        0xff => false,
        // A later version may append fields, and only after a dash.
        _ => text.len() == LENGTH || text.get(LENGTH) == Some(&b'-'),
    };
    if !well_formed || [text[2], text[35], text[52]] != *b"---" {
        return None;
    }
    let trace_id = TraceId::from_bytes(hex::read(&text[3..35])?);
    let span_id = SpanId::from_bytes(hex::read(&text[36..52])?);
    let [flags] = hex::read(&text[53..55])?;
    (trace_id != TraceId::INVALID && span_id != SpanId::INVALID)
        .then(|| (trace_id, span_id, TraceFlags::new(flags & KNOWN_FLAGS)))
}

fn format(span: &SpanContext) -> [u8; LENGTH] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    hex::write(&mut text[3..35], &span.trace_id().to_bytes());
    hex::write(&mut text[36..52], &span.span_id().to_bytes());
    hex::write(&mut text[53..55], &[span.trace_flags().to_u8()]);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn read(traceparent: &str) -> SpanContext {
        extract(&headers(&[(TRACEPARENT, traceparent)]))
    }

    #[test]
    fn a_good_one_is_read_and_written_alike() {
        let span = read(GOOD);
        assert!(span.is_valid() && span.is_remote() && span.is_sampled());
        assert_eq!(
            span.trace_id().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        let mut written = HeaderMap::new();
        inject(&span, &mut written);
        assert_eq!(written, headers(&[(TRACEPARENT, GOOD)]));
    }

    #[test]
    fn bad_ones_are_no_parents() {
        let bad = [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
            "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.x",
        ];
        for text in bad {
            assert!(!read(text).is_valid(), "{text}");
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        for rest in ["", "-", "-what-the-future-will-be-like"] {
            assert!(read(&format!("cc{}{rest}", &GOOD[2..])).is_sampled());
        }
    }

    #[test]
    fn unknown_flags_are_dropped() {
        let span = read(&format!("{}ff", &GOOD[..53]));
        assert_eq!(span.trace_flags().to_u8(), KNOWN_FLAGS);
    }

    #[test]
    fn two_parents_are_none() {
        let headers = headers(&[(TRACEPARENT, GOOD), (TRACEPARENT, GOOD)]);
        assert!(!extract(&headers).is_valid());
    }

    #[test]
    fn a_state_in_several_headers_travels_as_one() {
        let mut map = headers(&[
            (TRACEPARENT, GOOD),
            (TRACESTATE, "congo=t61,rojo=1"),
            (TRACESTATE, "other=2"),
        ]);
        let span = extract(&map);
        inject(&span, &mut map);
        assert_eq!(map.get_all(TRACESTATE).iter().count(), 1);
        assert_eq!(map[TRACESTATE], "congo=t61,rojo=1,other=2");
    }

    #[test]
    fn a_bad_state_does_not_cost_the_trace() {
        let span = extract(&headers(&[(TRACEPARENT, GOOD), (TRACESTATE, "no equals")]));
        assert!(span.is_valid());
        assert_eq!(*span.trace_state(), TraceState::NONE);
    }

    #[test]
    fn no_span_writes_nothing() {
        let mut map = headers(&[(TRACEPARENT, GOOD)]);
        inject(&SpanContext::NONE, &mut map);
        assert_eq!(map, headers(&[(TRACEPARENT, GOOD)]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., flags in 0..=KNOWN_FLAGS) {
            let sent = SpanContext::new(
                TraceId::from(trace),
                SpanId::from(span),
                TraceFlags::new(flags),
                true,
                TraceState::NONE,
            );
            let mut headers = HeaderMap::new();
            inject(&sent, &mut headers);
            prop_assert_eq!(extract(&headers), sent);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,70}") {
            let _ = parse(text.as_bytes());
        }

        #[test]
        fn a_span_read_is_never_invalid(text in "[0-9a-f]{2}-[01a]{32}-[01]{16}-[0-9a-f]{2}") {
            if let Some((trace_id, span_id, _)) = parse(text.as_bytes()) {
                prop_assert!(trace_id != TraceId::INVALID && span_id != SpanId::INVALID);
            }
        }
    }

    #[test]
    fn what_no_other_request_has_is_kept_out_of_the_table_of_http_2() {
        let mut headers = HeaderMap::new();
        let state = TraceState::from_key_value([("a", "b")]).unwrap();
        let span = SpanContext::new(
            TraceId::from(7),
            SpanId::from(7),
            TraceFlags::SAMPLED,
            false,
            state,
        );
        inject(&span, &mut headers);
        assert_eq!(headers.len(), 2);
        assert!(headers.values().all(HeaderValue::is_sensitive));
    }
}
