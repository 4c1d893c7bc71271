//! `uber-trace-id`, which Jaeger's own clients sent before OpenTelemetry: `TRACE:SPAN:PARENT:FLAGS`, all in hex.
//!
//! As <https://www.jaegertracing.io/sdk-migration/#propagation-format> has it: ids may lack leading zeros, a trace id may have
//! 64 bits, the whole may be percent-encoded, and the parent is of no use to anybody.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

use super::{hex, never_again};

const UBER_TRACE_ID: HeaderName = HeaderName::from_static("uber-trace-id");

const SAMPLED: u8 = 1;

/// The caller's span, invalid where the header names none or not exactly one.
pub(super) fn extract(headers: &HeaderMap) -> SpanContext {
    let mut values = headers.get_all(&UBER_TRACE_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return SpanContext::NONE;
    };
    let read = value.to_str().ok().and_then(parse);
    read.map_or(SpanContext::NONE, |(trace_id, span_id, flags)| {
        SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE)
    })
}

/// Writes a span into the headers of a request; an invalid one leaves them as they are.
pub(super) fn inject(span: &SpanContext, headers: &mut HeaderMap) {
    if !span.is_valid() {
        return;
    }
    let mut text = *b"00000000000000000000000000000000:0000000000000000:0:0";
    hex::write(&mut text[..32], &span.trace_id().to_bytes());
    hex::write(&mut text[33..49], &span.span_id().to_bytes());
    text[52] = b'0' + u8::from(span.is_sampled());
    if let Ok(value) = HeaderValue::from_bytes(&text) {
        headers.insert(UBER_TRACE_ID, never_again(value));
    }
}

fn parse(text: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let text = text.replace("%3A", ":").replace("%3a", ":");
    let mut parts = text.split(':');
    let trace_id = TraceId::from(number(parts.next()?, 32)?);
    let span_id = SpanId::from(number(parts.next()?, 16)? as u64);
    let (_parent, flags) = (parts.next()?, number(parts.next()?, 2)? as u8);
    let is_whole = parts.next().is_none();
    (is_whole && trace_id != TraceId::INVALID && span_id != SpanId::INVALID)
        .then(|| (trace_id, span_id, TraceFlags::new(flags & SAMPLED)))
}

fn number(text: &str, most_digits: usize) -> Option<u128> {
    // from_str_radix takes a sign.
    let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let fits = (1..=most_digits).contains(&text.len());
    u128::from_str_radix(text, 16)
        .ok()
        .filter(|_| is_hex && fits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &str) -> SpanContext {
        extract(&HeaderMap::from_iter([(
            UBER_TRACE_ID,
            value.parse().unwrap(),
        )]))
    }

    #[test]
    fn all_that_jaegers_clients_have_written_is_read() {
        let long = "0af7651916cd43dd8448eb211c80319c";
        for (value, trace, span, sampled) in [
            (
                format!("{long}:b7ad6b7169203331:0:1"),
                long,
                "b7ad6b7169203331",
                true,
            ),
            (
                format!("{long}:b7ad6b7169203331:5fd358272fe5dd94:3"),
                long,
                "b7ad6b7169203331",
                true,
            ),
            (
                format!("{long}%3Ab7ad6b7169203331%3a0%3A0"),
                long,
                "b7ad6b7169203331",
                false,
            ),
            (
                "1:2:0:01".to_owned(),
                "00000000000000000000000000000001",
                "0000000000000002",
                true,
            ),
        ] {
            let read = read(&value);
            assert!(read.is_remote(), "{value}");
            assert_eq!(read.trace_id().to_string(), trace);
            assert_eq!(read.span_id().to_string(), span);
            assert_eq!(read.is_sampled(), sampled, "{value}");
        }
    }

    #[test]
    fn what_is_none_is_no_parent() {
        for bad in [
            "",
            "1:2:0",
            "1:2:0:1:",
            "0:2:0:1",
            "1:0:0:1",
            "+1:2:0:1",
            "1:2:0:x",
            "1:2:0:",
            ":2:0:1",
            "00af7651916cd43dd8448eb211c80319c:1:0:1",
            "1:0b7ad6b7169203331:0:1",
        ] {
            assert!(!read(bad).is_valid(), "{bad}");
        }
        let mut twice = HeaderMap::new();
        twice.append(UBER_TRACE_ID, "1:2:0:1".parse().unwrap());
        twice.append(UBER_TRACE_ID, "1:2:0:1".parse().unwrap());
        assert!(!extract(&twice).is_valid());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let flags = TraceFlags::default().with_sampled(sampled);
            let sent = SpanContext::new(trace.into(), span.into(), flags, true, TraceState::NONE);
            let mut headers = HeaderMap::new();
            inject(&sent, &mut headers);
            prop_assert_eq!(extract(&headers), sent);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[0-9a-f:%A+]{0,60}") {
            let _ = parse(&text);
        }
    }
}
