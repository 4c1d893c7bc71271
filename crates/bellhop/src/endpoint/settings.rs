//! How connections are made and watched.

use std::time::Duration;

use super::group;
use crate::{breaker, config::Reader};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(2);
const SLOW_START: Duration = Duration::from_millis(500);

/// How connections are made and watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Bounds name resolution, the TCP connect and the first answer together.
    pub(crate) connect_timeout: Duration,
    /// A ping goes out when nothing has been read for this long while calls are in flight.
    pub(crate) keepalive_interval: Duration,
    /// How long a ping may stay without an answer before the connection counts as lost.
    pub(crate) keepalive_timeout: Duration,
    /// How instances are taken out of turn and come back.
    pub(crate) group: group::Settings,
}

impl Settings {
    /// Reads `BELLHOP_CONNECT_TIMEOUT`, `BELLHOP_KEEPALIVE_INTERVAL`, `BELLHOP_KEEPALIVE_TIMEOUT`, `BELLHOP_SLOW_START`,
    /// `BELLHOP_STRANGERS` and the settings of breakers.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let mut duration = |name, default: Duration| reader.duration(name).unwrap_or(default);
        Self {
            connect_timeout: duration("BELLHOP_CONNECT_TIMEOUT", CONNECT_TIMEOUT),
            keepalive_interval: duration("BELLHOP_KEEPALIVE_INTERVAL", KEEPALIVE_INTERVAL),
            keepalive_timeout: duration("BELLHOP_KEEPALIVE_TIMEOUT", KEEPALIVE_TIMEOUT),
            group: group::Settings {
                breaker: breaker::Settings::read(reader),
                slow_start: reader.duration_or_off("BELLHOP_SLOW_START", SLOW_START),
                strangers: reader.flag("BELLHOP_STRANGERS").unwrap_or_default(),
            },
        }
    }

    /// Has breakers count a call that is given up after this long.
    pub(crate) fn given_up_after(mut self, overdue: Option<Duration>) -> Self {
        if let Some(breaker) = &mut self.group.breaker {
            breaker.overdue = overdue;
        }
        self
    }
}
