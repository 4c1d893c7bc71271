//! `/v1/agent/check`: the checks registered with the agent, and word of how they stand.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::json;

use super::params::{Params, Rest};
use super::reply::{self, ApiError};
use super::{decode, definitions};
use crate::app::App;
use crate::filter::Schema;
use crate::state::Status;

type Done = Result<StatusCode, ApiError>;

pub(super) async fn checks(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let filter = params.filter(Schema::Check)?;
    let mut checks = app.read(|state| state.agent_checks());
    checks.retain(|_, check| filter.matches(check));
    Ok(reply::json(&params, &json!(checks)))
}

pub(super) async fn register(State(app): State<Arc<App>>, body: Bytes) -> Done {
    let (check, service_id) = definitions::node_check(&body, &app.config)?;
    app.write(|state, now| state.register_check(check, &service_id, now))?;
    Ok(StatusCode::OK)
}

pub(super) async fn deregister(State(app): State<Arc<App>>, Rest(id): Rest) -> Done {
    if id.is_empty() {
        return Err(ApiError::internal("CheckID missing"));
    }
    app.write(|state, _| state.deregister_check(&id));
    Ok(StatusCode::OK)
}

pub(super) async fn pass(State(app): State<Arc<App>>, Rest(id): Rest, params: Params) -> Done {
    speak(
        &app,
        &id,
        Status::Passing,
        params.get("note").unwrap_or_default(),
    )
}

pub(super) async fn warn(State(app): State<Arc<App>>, Rest(id): Rest, params: Params) -> Done {
    speak(
        &app,
        &id,
        Status::Warning,
        params.get("note").unwrap_or_default(),
    )
}

pub(super) async fn fail(State(app): State<Arc<App>>, Rest(id): Rest, params: Params) -> Done {
    speak(
        &app,
        &id,
        Status::Critical,
        params.get("note").unwrap_or_default(),
    )
}

pub(super) async fn update(State(app): State<Arc<App>>, Rest(id): Rest, body: Bytes) -> Done {
    let mut object = decode::body(&body)?;
    let (status, output) = (object.string("Status")?, object.string("Output")?);
    object.finish()?;
    let wrong = || ApiError::bad(format!("Invalid check status: '{status}'"));
    speak(
        &app,
        &id,
        Status::parse(&status).ok_or_else(wrong)?,
        &output,
    )
}

fn speak(app: &App, id: &str, status: Status, output: &str) -> Done {
    app.write(|state, now| state.update_ttl(id, status, output, now))?;
    Ok(StatusCode::OK)
}
