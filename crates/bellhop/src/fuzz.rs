//! Headers of all kinds, as no peer should send them.

use std::{net::IpAddr, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};
use malform::{Fuzz, Verdict};
use prost::Message;
use tonic::{Code, Status, metadata::MetadataMap};

use crate::{
    client::attempts,
    deadline::{format_timeout, parse_timeout},
    explain::{decode, encode},
    limit::{TrustedProxies, retry_after},
    telemetry::{Telemetry, extract, inject},
};

/// Short inputs, quickly tried.
const INPUTS: usize = 10_000;

/// Tries each input that a header can hold as the value of one header, or of two.
fn fuzz(name: &'static str, samples: &[&str], mut check: impl FnMut(&HeaderMap) -> bool) {
    let header: HeaderName = name.parse().unwrap();
    let tally = Fuzz::of_text(name, samples).inputs(INPUTS).run(|input| {
        let mut headers = HeaderMap::new();
        for line in input.split(|byte| *byte == b'\n') {
            match HeaderValue::from_bytes(line) {
                Ok(value) => headers.append(&header, value),
                Err(_) => return Verdict::Refused,
            };
        }
        Verdict::accepted_if(check(&headers))
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}

/// What gRPC over HTTP/2 says of a timeout, said once more.
fn timeout_by_the_book(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    let digits = std::str::from_utf8(digits).ok()?;
    let is_number = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let nanos: u64 = match unit {
        b'n' => 1,
        b'u' => 1_000,
        b'm' => 1_000_000,
        b'S' => 1_000_000_000,
        b'M' => 60_000_000_000,
        b'H' => 3_600_000_000_000,
        _ => return None,
    };
    let value = digits.parse().ok().filter(|_| is_number)?;
    Some(Duration::from_nanos(nanos) * value)
}

#[test]
fn grpc_timeout() {
    let longest = Duration::from_secs(99_999_999 * 3600);
    let samples = ["1H", "20M", "3S", "250m", "99999999u", "6n", "0S"];
    fuzz("grpc-timeout", &samples, |headers| {
        let read = parse_timeout(headers).ok().flatten();
        assert_eq!(
            read,
            timeout_by_the_book(headers["grpc-timeout"].as_bytes())
        );
        let Some(timeout) = read else {
            return false;
        };
        assert!(timeout <= longest);
        let written = format_timeout(timeout);
        let again = timeout_by_the_book(written.as_bytes()).expect("what is written can be read");
        assert!(again >= timeout && again <= longest);
        true
    });
}

#[test]
fn traceparent() {
    let samples = [
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes",
    ];
    fuzz("traceparent", &samples, |headers| {
        let span = extract(headers);
        let mut written = HeaderMap::new();
        inject(&span, &mut written);
        let again = extract(&written);
        assert_eq!(again.is_valid(), span.is_valid());
        if span.is_valid() {
            assert_eq!(again, span);
        }
        span.is_valid()
    });
}

#[test]
fn tracestate() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let samples = [
        "congo=t61rcWkgMzE",
        "rojo=00f067aa0ba902b7,congo=t61",
        "a=1\nb=2",
    ];
    fuzz("tracestate", &samples, |headers| {
        let mut headers = headers.clone();
        headers.insert("traceparent", HeaderValue::from_static(parent));
        let span = extract(&headers);
        assert!(
            span.is_valid(),
            "a state that is none does not cost the trace"
        );
        let mut written = HeaderMap::new();
        inject(&span, &mut written);
        assert_eq!(extract(&written), span);
        written.contains_key("tracestate")
    });
}

#[test]
fn uber_trace_id() {
    let samples = [
        "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1",
        "1234:5678:9:3",
        "0af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331%3A0%3A0",
    ];
    fuzz("uber-trace-id", &samples, |headers| {
        let span = extract(headers);
        let mut written = HeaderMap::new();
        inject(&span, &mut written);
        let again = extract(&written);
        assert_eq!(again.is_valid(), span.is_valid());
        assert_eq!(again.span_id(), span.span_id());
        span.is_valid()
    });
}

#[test]
fn baggage() {
    let telemetry = Telemetry::disabled();
    let samples = [
        "request.id=4bf92f3577b34da6a3ce929d0e0e4736",
        "userId=alice,serverNode=DF%2028;ttl=5;secret,isProduction=false",
        "a=1\nb=2",
    ];
    fuzz("baggage", &samples, |headers| {
        let baggage = telemetry.baggage(headers);
        let mut written = HeaderMap::new();
        telemetry.inject_baggage(&baggage, &mut written);
        assert!(written.values().all(|value| value.len() <= 8192));
        assert_eq!(telemetry.baggage(&written), baggage);
        let named = baggage.with("request.id", "x");
        assert_eq!(named.request_id().as_deref(), Some("x"));
        !written.is_empty()
    });
}

#[test]
fn x_forwarded_for() {
    let proxies: TrustedProxies = "10.0.0.0/8,2001:db8::/32".parse().unwrap();
    let peer = IpAddr::from([10, 1, 1, 1]);
    let samples = [
        "203.0.113.5",
        "1.1.1.1, 203.0.113.5, 10.2.2.2",
        "[2001:db9::7]:4711, 10.2.2.2:80",
        "203.0.113.5\n10.2.2.2",
        "::ffff:203.0.113.5",
    ];
    fuzz("x-forwarded-for", &samples, |headers| {
        let client = proxies.client(peer, headers);
        // What a client writes stands before what the proxies add, and changes nothing.
        let mut behind = headers.clone();
        behind.append(
            "x-forwarded-for",
            HeaderValue::from_static("198.51.100.9, 10.3.3.3"),
        );
        assert_eq!(
            proxies.client(peer, &behind),
            IpAddr::from([198, 51, 100, 9])
        );
        let stranger = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(proxies.client(stranger, headers), stranger);
        client != peer
    });
}

#[test]
fn grpc_retry_pushback_ms() {
    let samples = ["0", "1500", "4294967296"];
    fuzz("grpc-retry-pushback-ms", &samples, |headers| {
        let mut status = Status::unavailable("");
        *status.metadata_mut() = MetadataMap::from_headers(headers.clone());
        let read = retry_after(&status);
        let value = headers["grpc-retry-pushback-ms"].to_str();
        let by_the_book = value.ok().and_then(|value| value.parse::<u64>().ok());
        assert_eq!(read, by_the_book.map(Duration::from_millis));
        read.is_some()
    });
}

/// A field of a protobuf message, itself bytes or a message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let head = [number << 3 | 2, u8::try_from(content.len()).unwrap()];
    [&head, content].concat()
}

#[test]
fn retry_info() {
    let delay = prost_types::Duration {
        seconds: 2,
        nanos: 500_000_000,
    };
    let any = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: field(1, &delay.encode_to_vec()),
    };
    let sample = field(3, &any.encode_to_vec());
    let fuzz = Fuzz::of_text("google.rpc.RetryInfo", [sample]).inputs(INPUTS);
    let tally = fuzz.run(|input| {
        let details = input.to_vec().into();
        let status = Status::with_details(Code::Unavailable, "", details);
        Verdict::accepted_if(retry_after(&status).is_some())
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}

#[test]
fn bellhop_attempts() {
    let samples = ["1", "3", "4294967295"];
    fuzz("bellhop-attempts", &samples, |headers| {
        let read = attempts(headers);
        assert_ne!(read, Some(0), "who calls makes an attempt");
        let value = headers["bellhop-attempts"].to_str();
        let by_the_book = value.ok().and_then(|value| value.parse::<u32>().ok());
        assert_eq!(read, by_the_book.map(|attempts| attempts.max(1)));
        read.is_some()
    });
}

#[test]
fn x_bellhop_explain() {
    let longest = 8 * 1024;
    let attempt = r#"{"instance":"geo-1","address":"127.0.0.1:1","outcome":"OK","at":0.1,"ms":2.5,"hop":{"service":"geo","instance":"geo-1","ms":1.0}}"#;
    let call = format!(
        r#"{{"service":"geo","method":"geo.Geo/Nearby","outcome":"OK","ms":3.0,"attempts":[{attempt}],"skipped":[{{"instance":"geo-2","why":"out of turn"}}]}}"#
    );
    let hop = format!(r#"{{"service":"search","instance":"search-1","ms":4.5,"calls":[{call}]}}"#);
    let fuzz = Fuzz::of_json("x-bellhop-explain", [hop]).inputs(INPUTS);
    let tally = fuzz.run(|input| {
        let Ok(value) = HeaderValue::from_bytes(input) else {
            return Verdict::Refused;
        };
        let headers = HeaderMap::from_iter([(HeaderName::from_static("x-bellhop-explain"), value)]);
        let Some(hop) = decode(&headers) else {
            return Verdict::Refused;
        };
        let mut written = HeaderMap::new();
        encode(hop, &mut written);
        assert!(written.values().all(|value| value.len() <= longest));
        assert!(decode(&written).is_some() || written.is_empty());
        Verdict::Accepted
    });
    assert!(tally.accepted > 0 && tally.refused > 0, "{tally:?}");
}
