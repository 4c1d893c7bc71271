//! Answers `/healthz` and `/readyz`.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use bellhop::telemetry::code_name;
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use hotel_proto::Channel;
use serde::{Serialize, Serializer};
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::error;

/// How long a dependency may take to say that it is well: longer than a channel waits to say why there is nobody.
const PATIENCE: Duration = Duration::from_secs(2);

const OK: &str = "ok";

/// A service that answers depend on, and how to ask after it.
#[derive(Clone)]
pub(crate) struct Dependency {
    name: &'static str,
    /// Whether there is no answer without it.
    needed: bool,
    check: Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>,
}

impl Dependency {
    /// Asks the standard health service behind the channel after `service`.
    pub(crate) fn new<C: Channel>(
        name: &'static str,
        needed: bool,
        service: &'static str,
        channel: C,
    ) -> Self {
        let client = HealthClient::new(channel);
        let check = move || check(client.clone(), service).boxed();
        Self {
            name,
            needed,
            check: Arc::new(check),
        }
    }
}

impl fmt::Debug for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Dependency");
        out.field("name", &self.name).finish_non_exhaustive()
    }
}

/// The process lives.
pub(crate) async fn alive() -> Response {
    let body = Report {
        status: OK,
        dependencies: None,
    };
    report(StatusCode::OK, body)
}

/// Every dependency can be reached, or which one cannot. While only those are missing that answers can do without, it is ready.
pub(crate) async fn ready(State(dependencies): State<Arc<[Dependency]>>) -> Response {
    let checks = dependencies.iter().map(|dependency| (dependency.check)());
    let found = join_all(checks).await;
    let missing = dependencies.iter().zip(&found);
    let missing = missing.filter(|(_, found)| found.is_err());
    let (status, word) = match missing.map(|(dependency, _)| dependency.needed).max() {
        None => (StatusCode::OK, OK),
        Some(false) => (StatusCode::OK, "degraded"),
        Some(true) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let names = dependencies.iter().map(|dependency| dependency.name);
    let states = found
        .into_iter()
        .map(|state| state.map_or_else(|fault| fault, |()| OK.to_owned()));
    let body = Report {
        status: word,
        dependencies: Some(States(names.zip(states).collect())),
    };
    report(status, body)
}

fn report(status: StatusCode, body: Report) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn check<C: Channel>(mut client: HealthClient<C>, service: &str) -> Result<(), String> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let Ok(answer) = tokio::time::timeout(PATIENCE, client.check(request)).await else {
        return Err(format!("DEADLINE_EXCEEDED: no answer within {PATIENCE:?}"));
    };
    match answer {
        Ok(health) if health.get_ref().status() == ServingStatus::NotServing => {
            Err("NOT_SERVING: it answers, but does not serve".to_owned())
        }
        Err(status) if is_unreachable(&status) => {
            let (name, said) = (code_name(status.code()), error::said(&status));
            Err(format!("{name}: {said}"))
        }
        // Whoever answers can be reached, even with no health service to ask.
        _ => Ok(()),
    }
}

fn is_unreachable(status: &Status) -> bool {
    matches!(
        status.code(),
        // UNKNOWN is what tonic makes of a connection that breaks, CANCELLED of time that runs out.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
    )
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependencies: Option<States>,
}

/// A map that keeps its order.
struct States(Vec<(&'static str, String)>);

impl Serialize for States {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, state)| (name, state)))
    }
}
