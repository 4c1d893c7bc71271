//! What a member says of its own health, over `grpc.health.v1` and to the registry.

use std::sync::{Mutex, PoisonError};

use http::HeaderValue;
use tokio::sync::watch;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

use crate::{
    identity::{self, Signed},
    server::Services,
};

/// The health of a member, under the names that callers and registries ask for: none, its own, and its gRPC services'.
pub(super) struct Health {
    reporter: HealthReporter,
    own: Option<HeaderValue>,
    names: Mutex<Vec<String>>,
    well: watch::Sender<bool>,
}

impl Health {
    /// Of a member that does not serve yet.
    pub(super) fn new(service: &str) -> Self {
        Self {
            reporter: HealthReporter::new(),
            own: identity::name(service),
            names: Mutex::new(vec![String::new(), service.to_owned()]),
            well: watch::Sender::new(false),
        }
    }

    /// Has these services answer for themselves, and say whose they are.
    pub(super) fn join(&self, services: Services) -> Services {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for name in services.names() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        let service = HealthService::from_health_reporter(self.reporter.clone());
        services.with(Signed::new(HealthServer::new(service), self.own.clone()))
    }

    /// Whether the member is well, now and later.
    pub(super) fn well(&self) -> watch::Receiver<bool> {
        self.well.subscribe()
    }

    /// Ends the streams of those who watch, who would else be waited for.
    pub(super) async fn dismiss_watchers(&self) {
        let names = self
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for name in names {
            self.reporter.clone().clear_service_status(&name).await;
        }
    }

    /// Says the same under all names.
    pub(super) async fn set(&self, status: ServingStatus) {
        let names = self
            .names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for name in names {
            self.reporter.set_service_status(name, status).await;
        }
        self.well.send_replace(status == ServingStatus::Serving);
    }
}
