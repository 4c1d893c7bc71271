//! `/v1/status`: who leads. It is always this agent.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::params::Params;
use super::reply;
use crate::app::App;

pub(super) async fn leader(State(app): State<Arc<App>>, params: Params) -> Response {
    reply::json(&params, &json!(app.address.to_string()))
}

pub(super) async fn peers(State(app): State<Arc<App>>, params: Params) -> Response {
    reply::json(&params, &json!([app.address.to_string()]))
}
