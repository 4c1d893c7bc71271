//! `/v1/catalog`: what is registered, whatever its health.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::blocking;
use super::params::{Params, Rest};
use super::reply::{self, ApiError};
use crate::app::App;
use crate::filter::Schema;

pub(super) async fn datacenters(State(app): State<Arc<App>>, params: Params) -> Response {
    reply::json(&params, &json!([app.config.datacenter]))
}

pub(super) async fn nodes(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let filter = params.filter(Schema::Node)?;
    let narrow = params.narrow()?;
    let (index, nodes) = blocking::query(
        &app,
        &params,
        |state| state.nodes_index(),
        |state| state.catalog_nodes(&narrow),
    )
    .await?;
    Ok(reply::indexed(&params, index, &filter.keep(nodes)))
}

/// Consul pays no heed to a filter here.
pub(super) async fn services(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let narrow = params.narrow()?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.services_index(),
        |state| json!(state.catalog_services(&narrow)),
    );
    let (index, services) = answer.await?;
    Ok(reply::indexed(&params, index, &services))
}

pub(super) async fn service(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad("Missing service name"));
    }
    let filter = params.filter(Schema::CatalogService)?;
    let narrow = params.narrow()?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.service_index(&name),
        |state| state.catalog_service(&name, &narrow),
    );
    let (index, instances) = answer.await?;
    Ok(reply::indexed(&params, index, &filter.keep(instances)))
}

pub(super) async fn node(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad("Missing node name"));
    }
    let filter = params.filter(Schema::Service)?;
    let answer = blocking::query(
        &app,
        &params,
        |state| state.services_index().max(state.nodes_index()),
        |state| state.catalog_node(&name),
    );
    let (index, mut node) = answer.await?;
    if let Some(Value::Object(services)) = node.get_mut("Services") {
        services.retain(|_, service| filter.matches(service));
    }
    Ok(reply::indexed(&params, index, &node))
}
