//! What connections may do.

use std::time::Duration;

use super::age::{Age, Lifetime};
use crate::config::Reader;

const MAX_CONNECTIONS: usize = 10_000;
const AGE: Duration = Duration::from_secs(10 * 60);
const AGE_GRACE: Duration = Duration::from_secs(30);
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the minute after which most proxies and pools of clients close idle connections themselves, as in nginx: who
/// closes first meets no request on its way.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// What connections may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How many may be open at a time; further ones are closed at once.
    pub(crate) max: usize,
    /// How old they may become, if that is bounded.
    pub(super) age: Option<Age>,
    /// Bounds the beginning of a connection, and the head of each HTTP/1 request.
    pub(super) header_timeout: Duration,
    /// How long an HTTP/1 connection may be without a request, if that is bounded.
    pub(super) idle: Option<Duration>,
}

impl Settings {
    /// Reads `BELLHOP_MAX_CONNECTIONS`, `BELLHOP_CONNECTION_AGE`, `BELLHOP_CONNECTION_AGE_GRACE`, `BELLHOP_HEADER_TIMEOUT` and
    /// `BELLHOP_IDLE_TIMEOUT`.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let max = reader.with(
            "BELLHOP_MAX_CONNECTIONS",
            "a number of connections, at least 1",
            |value| value.parse().ok().filter(|max| *max > 0),
        );
        let age = reader.duration_or_off("BELLHOP_CONNECTION_AGE", AGE);
        let grace = reader.duration("BELLHOP_CONNECTION_AGE_GRACE");
        Self {
            max: max.unwrap_or(MAX_CONNECTIONS),
            age: age.map(|max| Age {
                max,
                grace: grace.unwrap_or(AGE_GRACE),
            }),
            header_timeout: reader
                .duration("BELLHOP_HEADER_TIMEOUT")
                .unwrap_or(HEADER_TIMEOUT),
            idle: reader.duration_or_off("BELLHOP_IDLE_TIMEOUT", IDLE_TIMEOUT),
        }
    }
    /// How long one connection lives, if that is bounded: each of them another time.
    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        self.age.map(|age| age.lifetime(fastrand::f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_made_together_do_not_end_together() {
        let source = std::collections::BTreeMap::new();
        let settings = Settings::read(&mut Reader::new(&source));
        let lives: Vec<_> = (0..100).map(|_| settings.lifetime().unwrap()).collect();
        for life in &lives {
            let alike = lives.iter().filter(|other| *other == life).count();
            assert!(alike < 10, "{life:?}");
        }
    }
}
