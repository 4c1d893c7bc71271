//! What can be set, and what Consul would have chosen.

use std::net::SocketAddr;
use std::time::Duration;

/// The data centre that an agent belongs to unless told otherwise.
pub const DEFAULT_DATACENTER: &str = "dc1";
/// The name of the one node of this registry.
pub const DEFAULT_NODE_NAME: &str = "mini-consul";
/// Consul's least time before a critical service is taken out.
pub const DEFAULT_MIN_DEREGISTER_AFTER: Duration = Duration::from_secs(60);
/// How often Consul looks for critical services to take out.
pub const DEFAULT_REAP_INTERVAL: Duration = Duration::from_secs(30);
/// Consul's shortest interval between two probes of one check.
pub const DEFAULT_MIN_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How many blocking queries may wait at one time.
pub const DEFAULT_MAX_WAITING: usize = 8192;

/// The settings of a [`MiniConsul`](crate::MiniConsul).
///
/// A plain [`SocketAddr`] turns into the defaults, which are Consul's:
///
/// ```
/// use std::net::SocketAddr;
/// use std::time::Duration;
/// use mini_consul::Config;
///
/// let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
/// let quick = Config::new(address)
///     .min_deregister_after(Duration::from_secs(1))
///     .reap_interval(Duration::from_millis(200));
/// # let _ = quick;
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) datacenter: String,
    pub(crate) node_name: String,
    pub(crate) min_deregister_after: Duration,
    pub(crate) reap_interval: Duration,
    pub(crate) min_check_interval: Duration,
    pub(crate) max_waiting: usize,
}

impl Config {
    /// Consul's defaults, listening on `listen`; port 0 takes a free one.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            datacenter: DEFAULT_DATACENTER.to_owned(),
            node_name: DEFAULT_NODE_NAME.to_owned(),
            min_deregister_after: DEFAULT_MIN_DEREGISTER_AFTER,
            reap_interval: DEFAULT_REAP_INTERVAL,
            min_check_interval: DEFAULT_MIN_CHECK_INTERVAL,
            max_waiting: DEFAULT_MAX_WAITING,
        }
    }

    /// Names the data centre; requests for another are refused, as Consul does.
    #[must_use]
    pub fn datacenter(mut self, name: impl Into<String>) -> Self {
        self.datacenter = name.into();
        self
    }

    /// Names the one node that every service of this registry lives on.
    #[must_use]
    pub fn node_name(mut self, name: impl Into<String>) -> Self {
        self.node_name = name.into();
        self
    }

    /// The least `DeregisterCriticalServiceAfter`; shorter ones are raised to it.
    #[must_use]
    pub fn min_deregister_after(mut self, least: Duration) -> Self {
        self.min_deregister_after = least;
        self
    }

    /// How often critical services are looked for.
    #[must_use]
    pub fn reap_interval(mut self, interval: Duration) -> Self {
        self.reap_interval = interval;
        self
    }

    /// The least `Interval` of a check; shorter ones are raised to it.
    #[must_use]
    pub fn min_check_interval(mut self, least: Duration) -> Self {
        self.min_check_interval = least;
        self
    }

    /// How many blocking queries may wait at one time; more are answered 429.
    #[must_use]
    pub fn max_waiting(mut self, most: usize) -> Self {
        self.max_waiting = most;
        self
    }

    /// The first setting that cannot work: its name, and what is wrong with it.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let faults = [
            (
                self.datacenter.is_empty(),
                "datacenter",
                "must not be empty",
            ),
            (self.node_name.is_empty(), "node_name", "must not be empty"),
            (
                self.reap_interval.is_zero(),
                "reap_interval",
                "must not be zero",
            ),
            (
                self.min_check_interval.is_zero(),
                "min_check_interval",
                "must not be zero",
            ),
            (self.max_waiting == 0, "max_waiting", "must not be zero"),
        ];
        faults
            .into_iter()
            .find(|(bad, ..)| *bad)
            .map(|(_, name, why)| (name, why))
    }
}

impl From<SocketAddr> for Config {
    fn from(listen: SocketAddr) -> Self {
        Self::new(listen)
    }
}
