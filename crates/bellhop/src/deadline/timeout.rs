//! The `grpc-timeout` header: at most eight digits and a unit, as gRPC over HTTP/2 defines it.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// What is left of a call's time, as its caller says.
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const MAX_DIGITS: usize = 8;
const MAX_VALUE: u128 = 99_999_999;

/// A `grpc-timeout` that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("grpc-timeout: expected one to eight digits and a unit of H, M, S, m, u or n")]
pub(crate) struct InvalidTimeout;

/// The timeout that a call carries, if it carries one.
pub(crate) fn parse_timeout(headers: &HeaderMap) -> Result<Option<Duration>, InvalidTimeout> {
    headers
        .get(&GRPC_TIMEOUT)
        .map(|value| parse(value.as_bytes()))
        .transpose()
}

/// A timeout as a header, rounded up to the finest unit that it fits.
pub(crate) fn format_timeout(timeout: Duration) -> HeaderValue {
    let nanos = timeout.as_nanos();
    let units = [
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
    ];
    let fitting = units
        .into_iter()
        .map(|(size, unit)| (nanos.div_ceil(size), unit))
        .find(|&(value, _)| value <= MAX_VALUE);
    let (value, unit) = fitting.unwrap_or((MAX_VALUE, 'H'));
    HeaderValue::from_str(&format!("{value}{unit}")).unwrap_or(HeaderValue::from_static("1H"))
}

fn parse(value: &[u8]) -> Result<Duration, InvalidTimeout> {
    let (unit, digits) = value.split_last().ok_or(InvalidTimeout)?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return Err(InvalidTimeout);
    }
    let value = digits
        .iter()
        .fold(0, |value, digit| 10 * value + u64::from(digit - b'0'));
    match unit {
        b'H' => Ok(Duration::from_secs(value * 3600)),
        b'M' => Ok(Duration::from_secs(value * 60)),
        b'S' => Ok(Duration::from_secs(value)),
        b'm' => Ok(Duration::from_millis(value)),
        b'u' => Ok(Duration::from_micros(value)),
        b'n' => Ok(Duration::from_nanos(value)),
        _ => Err(InvalidTimeout),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_understood() {
        let table = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("6n", Duration::from_nanos(6)),
            ("99999999S", Duration::from_secs(99_999_999)),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_timeout_is_refused() {
        for text in [
            "",
            "S",
            "1",
            "1s",
            "-1S",
            "+1S",
            " 1S",
            "1.5S",
            "123456789S",
            "1SS",
            "١S",
        ] {
            assert_eq!(parse(text.as_bytes()), Err(InvalidTimeout), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_timeout_is_never_shorter_and_hardly_longer(nanos in 0..1_000_000_000_000_000_000u64) {
            let timeout = Duration::from_nanos(nanos);
            let read = parse(format_timeout(timeout).as_bytes()).unwrap();
            prop_assert!(read >= timeout);
            prop_assert!(read - timeout <= Duration::from_micros(1).max(timeout / 99_999));
        }

        #[test]
        fn no_header_breaks_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let _ = parse(&bytes);
        }
    }
}
