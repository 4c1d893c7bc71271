//! What is registered.

use std::net::SocketAddr;

use tokio::sync::watch;

use super::{CheckBy, HostPort, Settings};
use crate::consul::{Check, Definition, HealthState, Probe, Weights};

/// How an instance is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// gRPC; Consul checks it by `grpc.health.v1`.
    Grpc {
        /// The service to ask after, such as `geo.Geo`; empty for the server as a whole.
        health: String,
    },
    /// HTTP; Consul checks it by a GET.
    Http {
        /// The path to get, such as `/healthz`.
        health: String,
    },
}

/// An instance to register.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The service's name.
    pub service: String,
    /// How it is called.
    pub protocol: Protocol,
    /// Where its server is bound.
    pub bound: SocketAddr,
    /// How it is registered.
    pub settings: Settings,
    /// Whether it is well, for the state that it is registered with and for the reports of a TTL check. The last value
    /// counts where the sender is gone.
    pub healthy: watch::Receiver<bool>,
}

impl Protocol {
    fn name(&self) -> &'static str {
        match self {
            Self::Grpc { .. } => "grpc",
            Self::Http { .. } => "http",
        }
    }
}

/// An id that is unique within the mesh: `NAME-HOST-PORT-xxxx`.
pub(crate) fn instance_id(service: &str, address: &HostPort, random: u16) -> String {
    let HostPort { host, port } = address;
    format!("{service}-{host}-{port}-{random:04x}")
}

/// The id of an instance's one check.
pub(crate) fn check_id(instance: &str) -> String {
    format!("service:{instance}")
}

/// The state that reports of health stand for.
pub(crate) fn health_state(healthy: bool) -> HealthState {
    if healthy {
        HealthState::Passing
    } else {
        HealthState::Critical
    }
}

/// Where the metadata of an instance has its version.
pub(crate) const VERSION: &str = "version";

impl Spec {
    /// The state to register with: what the server says of itself. Where it is `doubtful` that Consul sees it likewise, it is
    /// left to Consul's first call.
    pub(crate) fn initial(&self, doubtful: bool) -> HealthState {
        match self.settings.check {
            CheckBy::Probe if doubtful => HealthState::Critical,
            _ => health_state(*self.healthy.borrow()),
        }
    }

    /// What to tell Consul of an instance with this id at this address.
    pub(crate) fn definition(
        &self,
        id: String,
        address: &HostPort,
        status: HealthState,
    ) -> Definition {
        let settings = &self.settings;
        let mut meta = settings.meta.clone();
        meta.insert("protocol".to_owned(), self.protocol.name().to_owned());
        if let Some(version) = &settings.version {
            meta.insert(VERSION.to_owned(), version.clone());
        }
        let check = Check {
            id: check_id(&id),
            name: format!("{} is well", self.service),
            notes: String::new(),
            probe: self.probe(address),
            status,
            deregister_after: Some(settings.deregister_after),
        };
        Definition {
            id,
            name: self.service.clone(),
            address: address.host.clone(),
            port: address.port,
            tags: settings.tags.clone(),
            meta,
            weights: Weights {
                passing: settings.weight,
                warning: 1,
            },
            checks: vec![check],
        }
    }

    fn probe(&self, address: &HostPort) -> Probe {
        let settings = &self.settings;
        let (interval, timeout) = (settings.check_interval, settings.check_timeout);
        match (&self.protocol, settings.check) {
            (_, CheckBy::Ttl) => Probe::Ttl {
                ttl: settings.check_ttl,
            },
            (Protocol::Grpc { health }, CheckBy::Probe) => Probe::Grpc {
                target: if health.is_empty() {
                    address.to_string()
                } else {
                    format!("{address}/{health}")
                },
                interval,
                timeout,
            },
            (Protocol::Http { health }, CheckBy::Probe) => Probe::Http {
                url: format!("http://{address}/{}", health.trim_start_matches('/')),
                interval,
                timeout,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(protocol: Protocol, check: CheckBy, healthy: bool, doubtful: bool) -> Definition {
        let spec = Spec {
            service: "geo".to_owned(),
            protocol,
            bound: "[::1]:80".parse().unwrap(),
            settings: Settings {
                check,
                version: Some("1.2.3".to_owned()),
                ..Settings::default()
            },
            healthy: watch::channel(healthy).1,
        };
        let address = spec.bound.into();
        let id = instance_id(&spec.service, &address, 0xa7);
        spec.definition(id, &address, spec.initial(doubtful))
    }

    fn grpc(health: &str) -> Protocol {
        Protocol::Grpc {
            health: health.to_owned(),
        }
    }

    #[test]
    fn an_instance_is_named_after_its_service_and_its_address() {
        let definition = spec(grpc("geo.Geo"), CheckBy::Probe, true, false);
        assert_eq!(definition.id, "geo-::1-80-00a7");
        assert_eq!(definition.checks[0].id, "service:geo-::1-80-00a7");
        assert_eq!(definition.meta["version"], "1.2.3");
        assert_eq!(definition.meta["protocol"], "grpc");
    }

    #[test]
    fn consul_checks_an_instance_in_the_way_of_its_protocol() {
        let target =
            |protocol, check| match spec(protocol, check, true, false).checks.remove(0).probe {
                Probe::Grpc { target, .. } => target,
                Probe::Http { url, .. } => url,
                Probe::Ttl { .. } => "ttl".to_owned(),
            };
        let http = || Protocol::Http {
            health: "/healthz".to_owned(),
        };
        assert_eq!(target(grpc("geo.Geo"), CheckBy::Probe), "[::1]:80/geo.Geo");
        assert_eq!(target(grpc(""), CheckBy::Probe), "[::1]:80");
        assert_eq!(target(http(), CheckBy::Probe), "http://[::1]:80/healthz");
        assert_eq!(target(http(), CheckBy::Ttl), "ttl");
    }

    #[test]
    fn it_passes_at_first_only_where_it_is_well_and_nobody_doubts_it() {
        let status =
            |check, healthy, doubtful| spec(grpc(""), check, healthy, doubtful).checks[0].status;
        assert_eq!(status(CheckBy::Probe, true, false), HealthState::Passing);
        assert_eq!(status(CheckBy::Probe, true, true), HealthState::Critical);
        assert_eq!(status(CheckBy::Probe, false, false), HealthState::Critical);
        assert_eq!(status(CheckBy::Ttl, true, true), HealthState::Passing);
        assert_eq!(status(CheckBy::Ttl, false, false), HealthState::Critical);
    }
}
