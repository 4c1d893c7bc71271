//! `/v1/health`: what is registered and how it stands.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::blocking;
use super::params::{Params, Rest};
use super::reply::{self, ApiError};
use crate::app::App;
use crate::filter::Schema;

pub(super) async fn service(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad("Missing service name"));
    }
    let filter = params.filter(Schema::HealthService)?;
    let narrow = params.narrow()?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.service_index(&name),
        |state| state.health_service(&name, &narrow),
    );
    let (index, instances) = answer.await?;
    Ok(reply::indexed(&params, index, &filter.keep(instances)))
}

pub(super) async fn checks(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad("Missing service name"));
    }
    let filter = params.filter(Schema::Check)?;
    let narrow = params.narrow()?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.checks_index(),
        |state| state.health_checks(&name, &narrow),
    );
    let (index, checks) = answer.await?;
    Ok(reply::indexed(&params, index, &filter.keep(checks)))
}

pub(super) async fn state(
    State(app): State<Arc<App>>,
    Rest(wanted): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if wanted.is_empty() {
        return Err(ApiError::bad("Missing check state"));
    }
    let filter = params.filter(Schema::Check)?;
    let narrow = params.narrow()?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.checks_index(),
        |state| state.health_state(&wanted, &narrow),
    );
    let (index, checks) = answer.await?;
    Ok(reply::indexed(&params, index, &filter.keep(checks)))
}

pub(super) async fn node(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad("Missing node name"));
    }
    let filter = params.filter(Schema::Check)?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.checks_index(),
        |state| state.health_node(&name),
    );
    let (index, checks) = answer.await?;
    Ok(reply::indexed(&params, index, &filter.keep(checks)))
}
