//! Durations as Go writes them: `10s`, `1m30s`, `1.5h`, `300ms`.

use std::time::Duration;

const NANOS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3), // the micro sign
    ("μs", 1e3), // the Greek letter
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
];

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time: invalid duration \"{0}\"")]
pub(crate) struct InvalidDuration(String);

/// Reads a duration. One below zero counts as zero: nothing here waits backwards.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    nanoseconds(text)
        .filter(|nanos| nanos.is_finite() && nanos.abs() < i64::MAX as f64)
        .map(|nanos| Duration::from_nanos(nanos.max(0.0).round() as u64))
        .ok_or_else(|| InvalidDuration(text.to_owned()))
}

fn nanoseconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    loop {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..number].parse().ok()?;
        rest = &rest[number..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let (_, size) = NANOS.iter().find(|(name, _)| *name == &rest[..unit])?;
        total += value * size;
        rest = &rest[unit..];
        if rest.is_empty() {
            return Some(sign * total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_go_writes() {
        let cases = [
            ("0", 0),
            ("10s", 10_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("300ms", 300_000_000),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("+3ns", 3),
            ("-3s", 0),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "", "5", "s", "-", "1x", "1 s", "1s ", "1s2", ".s", "1.2.3s", "9999999h",
        ] {
            assert!(parse(text).is_err(), "{text:?} was taken for a duration");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = parse(&text);
        }

        #[test]
        fn sums_its_parts(h in 0u64..100, m in 0u64..100, s in 0u64..100, ms in 0u64..1000) {
            let sum = Duration::from_millis(((h * 60 + m) * 60 + s) * 1000 + ms);
            prop_assert_eq!(parse(&format!("{h}h{m}m{s}s{ms}ms")), Ok(sum));
        }
    }
}
