//! `/v1/agent`: the agent itself and the services registered with it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use super::params::{Params, Rest, parse_bool};
use super::reply::{self, ApiError};
use super::{blocking, definitions};
use crate::app::App;
use crate::filter::Schema;
use crate::state::CONSUL_VERSION;

const CONTENT_HASH: HeaderName = HeaderName::from_static("x-consul-contenthash");
const REASON: HeaderName = HeaderName::from_static("x-consul-reason");

pub(super) async fn myself(State(app): State<Arc<App>>, params: Params) -> Response {
    let (node, (services, checks)) = app.read(|state| (state.node().clone(), state.counts()));
    let leader = app.address.to_string();
    let answer = json!({
        "Config": {
            "Datacenter": node["Datacenter"],
            "NodeName": node["Node"],
            "NodeID": node["ID"],
            "Revision": "",
            "Server": true,
            "Version": CONSUL_VERSION,
        },
        "DebugConfig": {},
        "Coord": {"Vec": [0, 0, 0, 0, 0, 0, 0, 0], "Error": 1.5, "Adjustment": 0, "Height": 0.000_01},
        "Member": member(&app, &node),
        "Stats": {
            "agent": {"checks": checks.to_string(), "services": services.to_string()},
            "build": {"version": CONSUL_VERSION, "prerelease": "mini", "revision": ""},
            "consul": {"leader": "true", "leader_addr": leader, "server": "true", "known_datacenters": "1"},
        },
        "Meta": node["Meta"],
    });
    reply::json(&params, &answer)
}

pub(super) async fn members(State(app): State<Arc<App>>, params: Params) -> Response {
    let node = app.read(|state| state.node().clone());
    reply::json(&params, &json!([member(&app, &node)]))
}

fn member(app: &App, node: &Value) -> Value {
    let port = app.address.port();
    json!({
        "Name": node["Node"],
        "Addr": node["Address"],
        "Port": port,
        "Tags": {
            "build": format!("{CONSUL_VERSION}:mini"),
            "dc": node["Datacenter"],
            "id": node["ID"],
            "port": port.to_string(),
            "role": "consul",
            "vsn": "2",
        },
        "Status": 1,
        "ProtocolMin": 1,
        "ProtocolMax": 5,
        "ProtocolCur": 2,
        "DelegateMin": 2,
        "DelegateMax": 5,
        "DelegateCur": 4,
    })
}

pub(super) async fn services(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<Response, ApiError> {
    let filter = params.filter(Schema::Service)?;
    let mut services = app.read(|state| state.agent_services());
    services.retain(|_, service| filter.matches(service));
    Ok(reply::json(&params, &json!(services)))
}

/// One service, with a hash of what is said of it: a query that names the hash waits for another.
pub(super) async fn service(
    State(app): State<Arc<App>>,
    Rest(id): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    let wait = params.wait()?;
    let current = || app.read(|state| state.agent_service(&id));
    let seen = params.get("hash").filter(|hash| !hash.is_empty());
    if let Some(seen) = seen {
        let news =
            |service: Option<Value>| service.is_none_or(|service| content_hash(&service) != seen);
        blocking::until(&app, wait, |state| news(state.agent_service(&id))).await?;
    }
    let mut service =
        current().ok_or_else(|| ApiError::not_found(format!("unknown service ID: {id}")))?;
    let hash = content_hash(&service);
    service["ContentHash"] = json!(hash);
    Ok(([(CONTENT_HASH, hash)], reply::json(&params, &service)).into_response())
}

fn content_hash(service: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    service.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

pub(super) async fn register(
    State(app): State<Arc<App>>,
    params: Params,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let (service, checks) = definitions::service(&body, &app.config)?;
    let replace = params
        .get("replace-existing-checks")
        .is_some_and(|value| parse_bool(value).unwrap_or(value.is_empty()));
    app.write(|state, now| state.register_service(service, checks, replace, now));
    Ok(StatusCode::OK)
}

pub(super) async fn deregister(
    State(app): State<Arc<App>>,
    Rest(id): Rest,
) -> Result<StatusCode, ApiError> {
    if id.is_empty() {
        return Err(ApiError::internal("ServiceID missing"));
    }
    app.write(|state, _| state.deregister_service(&id));
    Ok(StatusCode::OK)
}

pub(super) async fn service_maintenance(
    State(app): State<Arc<App>>,
    Rest(id): Rest,
    params: Params,
) -> Result<StatusCode, ApiError> {
    if id.is_empty() {
        return Err(ApiError::bad("Missing service ID"));
    }
    let enable = enable(&params)?;
    let reason = params.get("reason").unwrap_or_default();
    app.write(|state, now| state.service_maintenance(&id, enable, reason, now))?;
    Ok(StatusCode::OK)
}

pub(super) async fn node_maintenance(
    State(app): State<Arc<App>>,
    params: Params,
) -> Result<StatusCode, ApiError> {
    let enable = enable(&params)?;
    let reason = params.get("reason").unwrap_or_default();
    app.write(|state, now| state.node_maintenance(enable, reason, now));
    Ok(StatusCode::OK)
}

fn enable(params: &Params) -> Result<bool, ApiError> {
    let text = params
        .get("enable")
        .ok_or_else(|| ApiError::bad("Missing value for enable"))?;
    parse_bool(text).ok_or_else(|| ApiError::bad(format!("Invalid value for enable: \"{text}\"")))
}

/// The state of one instance as a status code, for load balancers.
pub(super) async fn health_by_id(
    State(app): State<Arc<App>>,
    Rest(id): Rest,
    params: Params,
) -> Response {
    let found = app.read(|state| state.agent_health(|service| service["ID"] == *id));
    match found.into_iter().next() {
        None => health_reply(
            &params,
            None,
            &format!("ServiceId {id} not found"),
            &Value::Null,
        ),
        Some((status, view)) => health_reply(&params, Some(status), status, &view),
    }
}

/// The worst state of all instances of a service, as a status code.
pub(super) async fn health_by_name(
    State(app): State<Arc<App>>,
    Rest(name): Rest,
    params: Params,
) -> Response {
    let found = app.read(|state| state.agent_health(|service| service["Service"] == *name));
    let rank = |status: &&str| {
        ["passing", "warning", "critical", "maintenance"]
            .iter()
            .position(|known| known == status)
    };
    let worst = found.iter().map(|(status, _)| *status).max_by_key(rank);
    let views = Value::Array(found.into_iter().map(|(_, view)| view).collect());
    health_reply(
        &params,
        worst,
        worst.unwrap_or(&format!("ServiceName {name} Not Found")),
        &views,
    )
}

fn health_reply(params: &Params, status: Option<&str>, reason: &str, view: &Value) -> Response {
    let code = match status {
        None => StatusCode::NOT_FOUND,
        Some("passing") => StatusCode::OK,
        Some("warning") => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = match params.get("format") {
        Some("text") => ([(header::CONTENT_TYPE, "text/plain")], reason.to_owned()).into_response(),
        _ => reply::json(params, view),
    };
    // What cannot stand in a header, such as a name with a line break, is left out of it.
    let reason = http::HeaderValue::from_str(reason)
        .ok()
        .map(|reason| [(REASON, reason)]);
    (
        code,
        reason.into_iter().flatten().collect::<http::HeaderMap>(),
        body,
    )
        .into_response()
}
