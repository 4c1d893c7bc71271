//! Passes on to a member what faults somebody wishes for.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tokio::time::Instant;

use super::{
    Overview,
    fetch::{self, Unseen},
    traces::members,
};
use crate::admin::faults::{ASKED_BY, MEANT, PATH, STOP};

/// For the registry to say where the member is.
const PATIENCE: Duration = Duration::from_secs(3);

/// What an instance is asked to do, as its admin endpoint understands it at `/faults`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultOrder {
    /// To have these faults in the place of others; JSON.
    Begin(Bytes),
    /// To have none any more.
    End,
    /// To leave.
    Stop,
}

/// Why an instance does not do as it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoFault {
    /// The registry lists nobody of that id with an admin endpoint.
    #[error("the registry lists no such instance with an admin endpoint")]
    Unknown,
    /// It allows no faults.
    #[error("this instance allows no faults: start it with BELLHOP_ALLOW_FAULTS=on")]
    NotAllowed,
    /// It does not understand what is asked.
    #[error("{0}")]
    Refused(String),
    /// It is not reached from here.
    #[error("it is not reached: {0}")]
    Unseen(String),
}

impl Overview {
    /// Has the instance with this id do something; what faults it has then, as JSON. `by` says in its log who asks.
    ///
    /// Whoever offers this to people has to see to it that no page of a stranger asks by way of a browser.
    ///
    /// # Errors
    /// Where it does not do so.
    pub async fn order(
        &self,
        instance: &str,
        order: FaultOrder,
        by: &str,
    ) -> Result<Bytes, NoFault> {
        let shared = &*self.shared;
        let until = Instant::now() + PATIENCE;
        let mut members = members(&shared.mesh, &shared.services, until).await;
        let admin = members.remove(instance).flatten();
        let admin = admin.ok_or(NoFault::Unknown)?;
        let told = fetch::tell(&admin, request(instance, order, by)).await;
        let (status, body) = told.map_err(|unseen| NoFault::Unseen(unseen.to_string()))?;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND => Err(NoFault::NotAllowed),
            StatusCode::BAD_REQUEST => Err(NoFault::Refused(message(&body))),
            StatusCode::MISDIRECTED_REQUEST => Err(NoFault::Unseen(Unseen::Stranger.to_string())),
            other => Err(NoFault::Unseen(Unseen::Status(other).to_string())),
        }
    }
}

fn request(instance: &str, order: FaultOrder, by: &str) -> http::Result<Request<Full<Bytes>>> {
    let (method, path, body) = match order {
        FaultOrder::Begin(wish) => (Method::POST, PATH.to_owned(), wish),
        FaultOrder::End => (Method::DELETE, PATH.to_owned(), Bytes::new()),
        FaultOrder::Stop => (Method::POST, format!("{PATH}?{STOP}"), Bytes::new()),
    };
    Request::builder()
        .method(method)
        .uri(path)
        .header(MEANT, instance)
        .header(ASKED_BY, by)
        .body(Full::new(body))
}

/// What a fault of the admin endpoint says.
fn message(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let message = body["error"]["message"].as_str();
    message.unwrap_or("its admin endpoint refuses").to_owned()
}
