//! How a service is followed.

use std::{path::PathBuf, time::Duration};

use crate::{config::Reader, consul::WAIT_MAX};

/// How long a query waits for a change. Should Consul's index go backwards without a failure that we see, this is how long
/// we may not notice.
const WAIT: Duration = Duration::from_secs(60);

/// How long a registry that was away, or is behind, may take to know everybody again. Members of this mesh need two seconds
/// where an agent has lost them; what a restored catalogue lacks, Consul's agents put back within two minutes.
const HOLD: Duration = Duration::from_secs(180);

/// How old a set may be that an earlier process has left. Whoever was there a day ago may be anywhere now, and another at its
/// address.
const CACHE_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How a service is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a query waits for a change; at most ten minutes.
    pub wait: Duration,
    /// How long after an outage those whom the registry does not name stay in use while they answer; `None` for not at all.
    pub hold: Option<Duration>,
    /// The folder in which the last set of each service is kept, for a start without a registry; `None` for nowhere.
    pub cache: Option<PathBuf>,
    /// How old such a set may be to be of use; `None` for any age.
    pub cache_age: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait: WAIT,
            hold: Some(HOLD),
            cache: None,
            cache_age: Some(CACHE_AGE),
        }
    }
}

impl Settings {
    /// Reads `BELLHOP_DISCOVERY_WAIT`, `BELLHOP_DISCOVERY_HOLD`, `BELLHOP_DISCOVERY_CACHE` and
    /// `BELLHOP_DISCOVERY_CACHE_AGE`.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let name = "BELLHOP_DISCOVERY_WAIT";
        let wait = reader.duration(name).unwrap_or(WAIT);
        if wait > WAIT_MAX || wait < Duration::from_millis(1) {
            let value = reader.text(name).unwrap_or_default();
            reader.reject(name, &value, "a duration of 1ms to 10m");
        }
        let cache = "BELLHOP_DISCOVERY_CACHE";
        let is_folder = |value: &str| !["on", "true"].contains(&value);
        Self {
            wait,
            hold: reader.duration_or_off("BELLHOP_DISCOVERY_HOLD", HOLD),
            cache: reader.or_off(cache, None, |reader| {
                reader.with(cache, "a folder, or off", |value| {
                    is_folder(value).then(|| PathBuf::from(value))
                })
            }),
            cache_age: reader.duration_or_off("BELLHOP_DISCOVERY_CACHE_AGE", CACHE_AGE),
        }
    }
}
