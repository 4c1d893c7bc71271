//! How a service is followed.

use std::time::Duration;

use crate::{config::Reader, consul::WAIT_MAX};

/// How long a query waits for a change. Should Consul's index go backwards without a failure that we see, this is how long
/// we may not notice.
const WAIT: Duration = Duration::from_secs(60);

/// How a service is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a query waits for a change; at most ten minutes.
    pub wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { wait: WAIT }
    }
}

impl Settings {
    /// Reads `BELLHOP_DISCOVERY_WAIT`.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let name = "BELLHOP_DISCOVERY_WAIT";
        let wait = reader.duration(name).unwrap_or(WAIT);
        if wait > WAIT_MAX || wait < Duration::from_millis(1) {
            let value = reader.text(name).unwrap_or_default();
            reader.reject(name, &value, "a duration of 1ms to 10m");
        }
        Self { wait }
    }
}
