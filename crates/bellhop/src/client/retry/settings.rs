//! How often, how soon and what is tried again.

use std::{sync::Arc, time::Duration};

use super::{Allowance, Methods};
use crate::{backoff::Backoff, config::Reader};

const ATTEMPTS: u32 = 3;
/// As high as anything sensible goes.
const MOST_ATTEMPTS: u32 = 10;
/// Attempts that provably reached nobody cost nothing, but a call makes no more of them than this; where it is not to be tried
/// again, one, as gRPC has it (proposal A6).
const FREE_ATTEMPTS: u32 = 5;
const FREE_ATTEMPTS_IF_OFF: u32 = 1;
const BACKOFF_MIN: Duration = Duration::from_millis(10);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
const BUDGET_PER_CENT: u64 = 20;
const FLOOR: u32 = 10;
const HEDGE_AFTER: Duration = Duration::from_millis(250);

/// How often, how soon and what is tried again.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Attempts of a call; one where nothing is to be tried again that may have reached a handler.
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    pub(crate) allowance: Allowance,
    /// After this much time for each attempt that a call may make, another one is begun beside the first.
    pub(crate) hedge_after: Option<Duration>,
    pub(crate) methods: Arc<Methods>,
}

impl Settings {
    /// Reads `BELLHOP_RETRY_*`, `BELLHOP_HEDGE_AFTER`, `BELLHOP_IDEMPOTENT` and `BELLHOP_RETRYABLE`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            attempts: attempts(reader),
            backoff: backoff(reader),
            allowance: Allowance {
                per_mille: 10 * budget(reader),
                floor: reader
                    .parse(
                        "BELLHOP_RETRY_FLOOR",
                        "a number of attempts each second, such as 10",
                    )
                    .unwrap_or(FLOOR)
                    .min(1_000_000),
            },
            hedge_after: reader.duration_or_off("BELLHOP_HEDGE_AFTER", HEDGE_AFTER),
            methods: Arc::new(methods(reader)),
        }
    }

    /// How often a call that reached nobody is sent elsewhere at no cost.
    pub(super) fn free_attempts(&self) -> u32 {
        match self.attempts {
            1 => FREE_ATTEMPTS_IF_OFF,
            _ => FREE_ATTEMPTS,
        }
    }
}

fn attempts(reader: &mut Reader<'_>) -> u32 {
    const NAME: &str = "BELLHOP_RETRY_ATTEMPTS";
    let parse = |value: &str| {
        let attempts = value.parse().ok();
        attempts.filter(|attempts| (1..=MOST_ATTEMPTS).contains(attempts))
    };
    let expected = "a number from 1 to 10, or off";
    let attempts = reader.or_off(NAME, Some(ATTEMPTS), |reader| {
        reader.with(NAME, expected, parse)
    });
    attempts.unwrap_or(1)
}

fn backoff(reader: &mut Reader<'_>) -> Backoff {
    const MAX: &str = "BELLHOP_RETRY_BACKOFF_MAX";
    let min = reader.duration("BELLHOP_RETRY_BACKOFF_MIN");
    let max = reader.duration(MAX);
    // With one of them set, the other one's default gives way.
    let (min, max) = match (min, max) {
        (Some(min), None) => (min, BACKOFF_MAX.max(min)),
        (None, Some(max)) => (BACKOFF_MIN.min(max), max),
        (min, max) => (min.unwrap_or(BACKOFF_MIN), max.unwrap_or(BACKOFF_MAX)),
    };
    Backoff::try_new(min, max).unwrap_or_else(|_| {
        let value = reader.text(MAX).unwrap_or_default();
        reader.reject(MAX, &value, "no less than BELLHOP_RETRY_BACKOFF_MIN");
        DEFAULT_BACKOFF
    })
}

const DEFAULT_BACKOFF: Backoff = match Backoff::try_new(BACKOFF_MIN, BACKOFF_MAX) {
    Ok(backoff) => backoff,
    Err(_) => panic!("the bounds are in order"),
};

/// In per cent.
fn budget(reader: &mut Reader<'_>) -> u64 {
    let parse = |value: &str| {
        let number = value.strip_suffix('%').unwrap_or(value);
        let per_cent = number.trim().parse().ok();
        per_cent.filter(|per_cent| *per_cent <= 100)
    };
    let read = reader.with(
        "BELLHOP_RETRY_BUDGET",
        "a percentage of the calls from 0 to 100, such as 20%",
        parse,
    );
    read.unwrap_or(BUDGET_PER_CENT)
}

fn methods(reader: &mut Reader<'_>) -> Methods {
    let mut methods = Methods::default();
    let mut mark = |name, expected, mark: fn(&mut Methods, &str) -> Option<()>| {
        reader.with(name, expected, |list| {
            list.split(',')
                .try_for_each(|item| mark(&mut methods, item))
        });
    };
    mark(
        "BELLHOP_IDEMPOTENT",
        "methods such as pkg.Service/Method, with commas between them",
        Methods::mark_idempotent,
    );
    mark(
        "BELLHOP_RETRYABLE",
        "methods and codes such as pkg.Service/Method:ABORTED+INTERNAL, with commas between them",
        Methods::mark_retryable,
    );
    methods
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tonic::Code;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let source: BTreeMap<_, _> = pairs.iter().map(owned).collect();
        let mut reader = Reader::new(&source);
        let settings = Settings::read(&mut reader);
        reader.finish().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.attempts, 3);
        assert_eq!(settings.backoff, DEFAULT_BACKOFF);
        let allowance = Allowance {
            per_mille: 200,
            floor: 10,
        };
        assert_eq!(settings.allowance, allowance);
        assert_eq!(settings.hedge_after, Some(HEDGE_AFTER));
    }

    #[test]
    fn all_of_it_can_be_set() {
        let settings = read(&[
            ("BELLHOP_RETRY_ATTEMPTS", "off"),
            ("BELLHOP_RETRY_BACKOFF_MIN", "2s"),
            ("BELLHOP_RETRY_BUDGET", "5%"),
            ("BELLHOP_RETRY_FLOOR", "0"),
            ("BELLHOP_HEDGE_AFTER", "off"),
            ("BELLHOP_IDEMPOTENT", "a.B/C, a.B/D"),
            ("BELLHOP_RETRYABLE", "a.B/E:ABORTED"),
        ])
        .unwrap();
        let two = Duration::from_secs(2);
        assert_eq!(settings.attempts, 1);
        assert_eq!(settings.backoff, Backoff::try_new(two, two).unwrap());
        assert_eq!(
            (settings.allowance.per_mille, settings.allowance.floor),
            (50, 0)
        );
        assert_eq!(settings.hedge_after, None);
        assert!(settings.methods.of("/a.B/D").idempotent);
        assert!(settings.methods.of("/a.B/E").retries(Code::Aborted));
    }

    #[test]
    fn bad_ones_are_named() {
        for (name, value) in [
            ("BELLHOP_RETRY_ATTEMPTS", "0"),
            ("BELLHOP_RETRY_ATTEMPTS", "11"),
            ("BELLHOP_RETRY_BACKOFF_MIN", "soon"),
            ("BELLHOP_RETRY_BUDGET", "a fifth"),
            ("BELLHOP_RETRY_BUDGET", "101%"),
            ("BELLHOP_RETRY_FLOOR", "-1"),
            ("BELLHOP_HEDGE_AFTER", "0s"),
            ("BELLHOP_IDEMPOTENT", "a.B"),
            ("BELLHOP_RETRYABLE", "a.B/C:NONE"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name), "{name}={value}: {error}");
        }
        let inverted = [
            ("BELLHOP_RETRY_BACKOFF_MIN", "2s"),
            ("BELLHOP_RETRY_BACKOFF_MAX", "1s"),
        ];
        let error = read(&inverted).unwrap_err();
        assert!(error.contains("BELLHOP_RETRY_BACKOFF_MAX"), "{error}");
    }
}
