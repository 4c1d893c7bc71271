//! How many calls a worker may have in flight.

use crate::config::Reader;

const MIN: usize = 8;
const MAX: usize = 8192;

/// How many calls a worker may have in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// So many always.
    pub(super) min: usize,
    /// Never more.
    pub(super) max: usize,
    /// Whether how long calls take counts, and not the lag of the runtime alone.
    pub(super) by_latency: bool,
}

impl Settings {
    /// Reads `BELLHOP_SHED`, `BELLHOP_SHED_MIN` and `BELLHOP_SHED_MAX`; `None` where shedding is switched off.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let expected = "a number of calls, at least 1";
        let mut count = |name| {
            let parse = |value: &str| value.parse().ok().filter(|count| *count > 0);
            reader.with(name, expected, parse)
        };
        let (min, max) = (count("BELLHOP_SHED_MIN"), count("BELLHOP_SHED_MAX"));
        let max = max.unwrap_or(MAX);
        let settings = Self {
            min: min.unwrap_or(MIN.min(max)),
            max,
            by_latency: true,
        };
        if settings.min > max {
            let expected = "at most BELLHOP_SHED_MAX";
            reader.reject("BELLHOP_SHED_MIN", &settings.min.to_string(), expected);
        }
        let on = reader.switch("BELLHOP_SHED").unwrap_or(true);
        on.then_some(settings)
    }

    /// The same by the lag of the runtime alone.
    pub(super) fn by_lag(self) -> Self {
        Self {
            by_latency: false,
            ..self
        }
    }

    #[cfg(test)]
    pub(super) fn of_default() -> Self {
        Self {
            min: MIN,
            max: MAX,
            by_latency: true,
        }
    }
}
