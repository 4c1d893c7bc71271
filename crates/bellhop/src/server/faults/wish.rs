//! What somebody wishes for.

use std::time::Duration;

use serde::Deserialize;

use super::LONGEST;

/// More than any caller waits.
const LATENCY_MAX: Duration = Duration::from_secs(30);
/// Where nobody says how long.
const LASTS: Duration = Duration::from_secs(60);

/// What a member is to do to its answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wish {
    /// So much later than it could.
    pub(crate) latency: Duration,
    /// The part of them that fails.
    pub(crate) errors: f64,
    /// Whether it holds them.
    pub(crate) paused: bool,
    pub(crate) lasts: Duration,
}

/// A wish that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadWish {
    #[error(
        "expected JSON such as {{\"latency_ms\": 200, \"errors\": 0.5, \"paused\": false, \"seconds\": 60}}"
    )]
    Json,
    #[error("expected latency_ms of at most {}", LATENCY_MAX.as_millis())]
    Latency,
    #[error("expected errors from 0 to 1")]
    Errors,
    #[error("expected seconds from 1 to {}", LONGEST.as_secs())]
    Lasts,
    #[error("expected latency_ms, errors or paused")]
    Nothing,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Said {
    latency_ms: u64,
    errors: f64,
    paused: bool,
    seconds: u64,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            errors: 0.0,
            paused: false,
            seconds: LASTS.as_secs(),
        }
    }
}

impl Wish {
    /// Reads one from JSON.
    pub(crate) fn read(json: &[u8]) -> Result<Self, BadWish> {
        let said: Said = serde_json::from_slice(json).map_err(|_| BadWish::Json)?;
        let wish = Self {
            latency: Duration::from_millis(said.latency_ms),
            errors: said.errors,
            paused: said.paused,
            lasts: Duration::from_secs(said.seconds),
        };
        if wish.latency > LATENCY_MAX {
            return Err(BadWish::Latency);
        }
        if !(0.0..=1.0).contains(&wish.errors) {
            return Err(BadWish::Errors);
        }
        if wish.lasts.is_zero() || wish.lasts > LONGEST {
            return Err(BadWish::Lasts);
        }
        let is_one = wish.paused || wish.errors > 0.0 || !wish.latency.is_zero();
        is_one.then_some(wish).ok_or(BadWish::Nothing)
    }
}
