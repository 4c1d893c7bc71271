//! What a service registers.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

use super::{health::HealthState, wire::weight};

/// A service to register at an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Definition {
    /// Unique at the agent.
    #[serde(rename = "ID")]
    pub id: String,
    /// The service's name.
    pub name: String,
    /// A name or an address, without brackets.
    pub address: String,
    /// TCP.
    pub port: u16,
    /// Any texts.
    pub tags: Vec<String>,
    /// Names and values.
    pub meta: BTreeMap<String, String>,
    /// Shares of the turns.
    pub weights: Weights,
    /// How Consul finds out whether the service is well.
    pub checks: Vec<Check>,
}

/// An instance's shares of the turns, by its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Weights {
    /// While all checks pass.
    #[serde(deserialize_with = "weight")]
    pub passing: u32,
    /// While one warns.
    #[serde(deserialize_with = "weight")]
    pub warning: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            passing: 1,
            warning: 1,
        }
    }
}

/// One check of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Unique at the agent.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people, too; may be empty. Where they change, an agent tells the others of the check once more.
    pub notes: String,
    /// How it is done.
    pub probe: Probe,
    /// The state until it was done for the first time.
    pub status: HealthState,
    /// The service is taken off the agent when the check was critical for so long; Consul's least is one minute.
    pub deregister_after: Option<Duration>,
}

/// How a check is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Consul calls `grpc.health.v1`.
    Grpc {
        /// `host:port/service`, or `host:port` for the server as a whole.
        target: String,
        /// Time between two calls; Consul's least is one second.
        interval: Duration,
        /// Time that a call may take.
        timeout: Duration,
    },
    /// Consul sends a GET.
    Http {
        /// With the scheme.
        url: String,
        /// Time between two calls; Consul's least is one second.
        interval: Duration,
        /// Time that a call may take.
        timeout: Duration,
    },
    /// The service reports by itself.
    Ttl {
        /// The check becomes critical when there was no report for so long.
        ttl: Duration,
    },
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut check = serializer.serialize_struct("Check", 8)?;
        check.serialize_field("CheckID", &self.id)?;
        check.serialize_field("Name", &self.name)?;
        if !self.notes.is_empty() {
            check.serialize_field("Notes", &self.notes)?;
        }
        check.serialize_field("Status", &self.status)?;
        match &self.probe {
            Probe::Grpc {
                target,
                interval,
                timeout,
            } => {
                check.serialize_field("GRPC", target)?;
                check.serialize_field("Interval", &go(*interval))?;
                check.serialize_field("Timeout", &go(*timeout))?;
            }
            Probe::Http {
                url,
                interval,
                timeout,
            } => {
                check.serialize_field("HTTP", url)?;
                check.serialize_field("Interval", &go(*interval))?;
                check.serialize_field("Timeout", &go(*timeout))?;
            }
            Probe::Ttl { ttl } => check.serialize_field("TTL", &go(*ttl))?,
        }
        if let Some(after) = self.deregister_after {
            check.serialize_field("DeregisterCriticalServiceAfter", &go(after))?;
        }
        check.end()
    }
}

/// A duration as Go reads it.
fn go(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(probe: Probe) -> serde_json::Value {
        serde_json::to_value(Check {
            id: "service:geo-1".to_owned(),
            name: "health".to_owned(),
            notes: "token 2".to_owned(),
            probe,
            status: HealthState::Passing,
            deregister_after: Some(Duration::from_secs(60)),
        })
        .unwrap()
    }

    #[test]
    fn checks_are_written_as_consul_reads_them() {
        let second = Duration::from_secs(1);
        let grpc = check(Probe::Grpc {
            target: "127.0.0.1:1/geo.Geo".to_owned(),
            interval: second,
            timeout: second,
        });
        assert_eq!(
            grpc,
            json!({
                "CheckID": "service:geo-1", "Name": "health", "Notes": "token 2", "Status": "passing",
                "GRPC": "127.0.0.1:1/geo.Geo", "Interval": "1000ms", "Timeout": "1000ms",
                "DeregisterCriticalServiceAfter": "60000ms",
            })
        );
        assert_eq!(check(Probe::Ttl { ttl: second })["TTL"], "1000ms");
        let http = check(Probe::Http {
            url: "http://127.0.0.1:1/healthz".to_owned(),
            interval: second,
            timeout: second,
        });
        assert_eq!(http["HTTP"], "http://127.0.0.1:1/healthz");
    }

    #[test]
    fn a_definition_is_written_as_consul_reads_it() {
        let definition = Definition {
            id: "geo-1".to_owned(),
            name: "geo".to_owned(),
            address: "127.0.0.1".to_owned(),
            port: 1,
            tags: vec!["a".to_owned()],
            meta: BTreeMap::from([("version".to_owned(), "1".to_owned())]),
            weights: Weights::default(),
            checks: Vec::new(),
        };
        assert_eq!(
            serde_json::to_value(definition).unwrap(),
            json!({
                "ID": "geo-1", "Name": "geo", "Address": "127.0.0.1", "Port": 1, "Tags": ["a"],
                "Meta": {"version": "1"}, "Weights": {"Passing": 1, "Warning": 1}, "Checks": [],
            })
        );
    }
}
