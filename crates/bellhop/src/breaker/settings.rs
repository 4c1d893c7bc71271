//! When breakers open, and for how long.

use std::time::Duration;

use crate::config::Reader;

const FAILURES: u32 = 5;
const RATE: u32 = 50;
const WINDOW: Duration = Duration::from_secs(10);
const MIN_CALLS: u32 = 20;
const OPEN_MIN: Duration = Duration::from_millis(500);
const OPEN_MAX: Duration = Duration::from_secs(30);

/// When breakers open, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Failures in a row that open it.
    pub(crate) failures: u32,
    /// Failures of a hundred calls within the window that open it.
    pub(crate) rate: u32,
    pub(crate) window: Duration,
    /// Below so many calls within the window the rate says nothing.
    pub(crate) min_calls: u32,
    /// How long it stays open the first time.
    pub(crate) open_min: Duration,
    /// How long it stays open at most.
    pub(crate) open_max: Duration,
    /// An answer that begins later than this is a failure.
    pub(crate) slow: Option<Duration>,
    /// A call without an answer after this, that another attempt has overtaken, is one.
    pub(crate) overdue: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failures: FAILURES,
            rate: RATE,
            window: WINDOW,
            min_calls: MIN_CALLS,
            open_min: OPEN_MIN,
            open_max: OPEN_MAX,
            slow: None,
            overdue: None,
        }
    }
}

impl Settings {
    /// Reads `BELLHOP_BREAKER` and what begins with it; `None` where breakers are off.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let on = reader.switch("BELLHOP_BREAKER").unwrap_or(true);
        let count = |reader: &mut Reader<'_>, name, default| {
            let above_zero = |value: &str| value.parse().ok().filter(|&count: &u32| count > 0);
            reader
                .with(name, "a whole number above zero", above_zero)
                .unwrap_or(default)
        };
        let settings = Self {
            failures: count(reader, "BELLHOP_BREAKER_FAILURES", FAILURES),
            rate: rate(reader),
            window: reader.duration("BELLHOP_BREAKER_WINDOW").unwrap_or(WINDOW),
            min_calls: count(reader, "BELLHOP_BREAKER_MIN_CALLS", MIN_CALLS),
            slow: slow(reader),
            ..Self::open(reader)
        };
        on.then_some(settings)
    }

    fn open(reader: &mut Reader<'_>) -> Self {
        let least = reader.duration("BELLHOP_BREAKER_OPEN_MIN");
        let most = reader.duration("BELLHOP_BREAKER_OPEN_MAX");
        let open_min = least.unwrap_or(OPEN_MIN.min(most.unwrap_or(OPEN_MAX)));
        let open_max = most.unwrap_or(OPEN_MAX.max(open_min));
        if open_min > open_max {
            let value = humantime::format_duration(open_max).to_string();
            let expected = "no less than BELLHOP_BREAKER_OPEN_MIN";
            reader.reject("BELLHOP_BREAKER_OPEN_MAX", &value, expected);
        }
        Self {
            open_min,
            open_max,
            ..Self::default()
        }
    }
}

fn slow(reader: &mut Reader<'_>) -> Option<Duration> {
    const NAME: &str = "BELLHOP_BREAKER_SLOW";
    reader.or_off(NAME, None, |reader| reader.duration(NAME))
}

fn rate(reader: &mut Reader<'_>) -> u32 {
    let expected = "a percentage from 1 to 100, such as 50%";
    reader
        .with("BELLHOP_BREAKER_RATE", expected, |value| {
            let number = value.strip_suffix('%').unwrap_or(value).trim();
            number.parse().ok().filter(|rate| (1..=100).contains(rate))
        })
        .unwrap_or(RATE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::ConfigError;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Settings>, ConfigError> {
        let source: BTreeMap<String, String> = pairs
            .iter()
            .map(|(name, value)| (format!("BELLHOP_BREAKER{name}"), (*value).to_owned()))
            .collect();
        let mut reader = Reader::new(&source);
        let settings = Settings::read(&mut reader);
        reader.finish().map(|()| settings)
    }

    #[test]
    fn what_is_not_set_has_a_default() {
        assert_eq!(read(&[]), Ok(Some(Settings::default())));
        assert_eq!(read(&[("", "off")]), Ok(None));
        let slow = read(&[("_SLOW", "2s"), ("_RATE", "20%")]).unwrap().unwrap();
        assert_eq!((slow.slow, slow.rate), (Some(Duration::from_secs(2)), 20));
        assert_eq!(read(&[("_SLOW", "off")]), Ok(Some(Settings::default())));
    }

    #[test]
    fn one_bound_moves_the_default_of_the_other() {
        let long = read(&[("_OPEN_MIN", "1m")]).unwrap().unwrap();
        assert_eq!(long.open_max, Duration::from_secs(60));
        let short = read(&[("_OPEN_MAX", "100ms")]).unwrap().unwrap();
        assert_eq!(short.open_min, Duration::from_millis(100));
    }

    #[test]
    fn every_bad_setting_is_named() {
        let bad = [
            ("", "maybe"),
            ("_FAILURES", "0"),
            ("_RATE", "101"),
            ("_WINDOW", "0s"),
            ("_MIN_CALLS", "-1"),
            ("_SLOW", "late"),
        ];
        assert_eq!(read(&bad).unwrap_err().faults.len(), bad.len());
        let inverted = read(&[("_OPEN_MIN", "2s"), ("_OPEN_MAX", "1s")]);
        assert_eq!(
            inverted.unwrap_err().faults[0].name,
            "BELLHOP_BREAKER_OPEN_MAX"
        );
    }
}
