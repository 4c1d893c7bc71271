//! How often something may happen.

use std::{num::NonZeroU32, str::FromStr, time::Duration};

use governor::Quota;

use crate::config::Reader;

/// How often something may happen: so many times a second, and so many times at once.
///
/// Reads as `RATE[:BURST]`, such as `50`, `50:100` or `0.5:1`. Without a burst it is a second's worth, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
    burst: NonZeroU32,
}

/// A text that is no [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Rate::EXPECTED)]
pub struct NoRate;

impl Rate {
    /// What a setting that holds a rate should look like.
    pub const EXPECTED: &str =
        "RATE[:BURST], a second, such as 50 or 50:100, from 0.001 to 1000000";

    const SLOWEST: f64 = 0.001;
    const FASTEST: f64 = 1_000_000.0;
    const MAX_BURST: u32 = 1_000_000;

    /// So many a second, and `burst` at once.
    ///
    /// # Errors
    /// When a number is out of the range that [`Rate::EXPECTED`] tells, or none.
    pub fn try_new(per_second: f64, burst: Option<u32>) -> Result<Self, NoRate> {
        if !(Self::SLOWEST..=Self::FASTEST).contains(&per_second) {
            return Err(NoRate);
        }
        let burst = burst.unwrap_or(per_second.ceil() as u32);
        let burst = NonZeroU32::new(burst).filter(|burst| burst.get() <= Self::MAX_BURST);
        Ok(Self {
            interval: Duration::from_secs_f64(per_second.recip()),
            burst: burst.ok_or(NoRate)?,
        })
    }

    /// The time from one to the next.
    pub fn interval(self) -> Duration {
        self.interval
    }

    /// How many at once.
    pub fn burst(self) -> u32 {
        self.burst.get()
    }

    pub(crate) fn quota(self) -> Quota {
        Quota::with_period(self.interval)
            .expect("an interval is above zero")
            .allow_burst(self.burst)
    }
}

/// A setting that holds a rate; `off`, and nothing at all, is none.
pub(crate) fn rate_or_off(reader: &mut Reader<'_>, name: &str) -> Option<Rate> {
    let expected = format!("{}, or off", Rate::EXPECTED);
    reader.or_off(name, None, |reader| reader.parse(name, &expected))
}

impl FromStr for Rate {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let (rate, burst) = match text.split_once(':') {
            Some((rate, burst)) => (rate, Some(burst)),
            None => (text, None),
        };
        let burst = burst.map(str::parse).transpose().map_err(|_| NoRate)?;
        Self::try_new(rate.parse().map_err(|_| NoRate)?, burst)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn reads_as_people_write_it() {
        for (text, millis, burst) in [
            ("50", 20, 50),
            ("50:100", 20, 100),
            ("0.5", 2000, 1),
            ("0.5:3", 2000, 3),
            ("2.5", 400, 3),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.interval(), Duration::from_millis(millis), "{text}");
            assert_eq!(rate.burst(), burst, "{text}");
        }
    }

    #[test]
    fn a_setting_may_be_off() {
        let source = [("A", "off"), ("B", "5"), ("C", "fast")];
        let source = source.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let source = BTreeMap::from(source);
        let mut reader = Reader::new(&source);
        assert_eq!(rate_or_off(&mut reader, "A"), None);
        assert_eq!(rate_or_off(&mut reader, "B"), Some("5".parse().unwrap()));
        assert_eq!(rate_or_off(&mut reader, "C"), None);
        assert_eq!(rate_or_off(&mut reader, "D"), None);
        let fault = reader.finish().unwrap_err().to_string();
        assert!(
            fault.contains("C=\"fast\": expected RATE[:BURST]"),
            "{fault}"
        );
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "NaN",
            "inf",
            "1e9",
            "0.0001",
            "5:",
            "5:0",
            "5:-1",
            "5:2000000",
            ":5",
            "5:5:5",
            "many",
            " 5",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(NoRate), "{text:?}");
        }
    }
}
