//! How a member listens and how it leaves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{AccessLog, Limits, connection, shed};
use crate::config::Reader;

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const DRAIN_QUIET: Duration = Duration::from_millis(250);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How a member listens and how it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Port 0 is any free one.
    pub(crate) listen: SocketAddr,
    /// Callers count as gone when none has come for this long after the registry was left.
    pub(crate) drain_quiet: Duration,
    /// Bounds each of: leaving the registry, the wait for quiet, and the calls in flight.
    pub(crate) drain_timeout: Duration,
    pub(crate) connections: connection::Settings,
    /// `None` where no call is refused for being one too many.
    pub(crate) shed: Option<shed::Settings>,
    /// Which calls are logged.
    pub(crate) access_log: AccessLog,
    /// `None` where nobody is limited.
    pub(crate) limits: Option<Arc<Limits>>,
}

impl Settings {
    /// Reads `BELLHOP_LISTEN`, `BELLHOP_DRAIN_QUIET`, `BELLHOP_DRAIN_TIMEOUT`, what connections may do, which calls are
    /// logged, and when to refuse calls and callers.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            listen: reader
                .parse(
                    "BELLHOP_LISTEN",
                    "an address and a port, such as 127.0.0.1:8080",
                )
                .unwrap_or(LISTEN),
            drain_quiet: reader
                .duration("BELLHOP_DRAIN_QUIET")
                .unwrap_or(DRAIN_QUIET),
            drain_timeout: reader
                .duration("BELLHOP_DRAIN_TIMEOUT")
                .unwrap_or(DRAIN_TIMEOUT),
            connections: connection::Settings::read(reader),
            shed: shed::Settings::read(reader),
            access_log: AccessLog::read(reader),
            limits: Limits::read(reader),
        }
    }
}
