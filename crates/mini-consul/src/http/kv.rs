//! `/v1/kv`: keys and values.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde_json::{Value, json};

use super::blocking;
use super::params::{Params, Rest};
use super::reply::{self, ApiError};
use crate::app::App;
use crate::state::Entry;

/// The longest value, as in Consul.
const MAX_VALUE: usize = 512 * 1024;
/// A value is never a page of this server, whatever is in it.
const RAW_HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/plain"),
    (header::CONTENT_SECURITY_POLICY, "sandbox"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

pub(super) async fn read(
    State(app): State<Arc<App>>,
    Rest(key): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    if params.has("keys") {
        return names(&app, &key, &params).await;
    }
    if params.has("recurse") {
        return tree(&app, &key, &params).await;
    }
    if key.is_empty() {
        return Err(ApiError::bad("Missing key name"));
    }
    let answer = blocking::query(
        &app,
        &params,
        |state| state.kv().get(&key).0,
        |state| state.kv().get(&key).1.cloned(),
    );
    let (index, entry) = answer.await?;
    let response = match entry {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(entry) if params.has("raw") => (RAW_HEADERS, entry.value).into_response(),
        Some(entry) => reply::json(&params, &json!([view(&key, &entry)])),
    };
    Ok(reply::with_index(response, index))
}

async fn names(app: &App, prefix: &str, params: &Params) -> Result<Response, ApiError> {
    let separator = params.get("separator").unwrap_or_default();
    let answer = blocking::query(
        app,
        params,
        |state| state.kv().list(prefix).0,
        |state| state.kv().keys(prefix, separator).1,
    );
    let (index, keys) = answer.await?;
    // Consul answers for the root of all keys even where there are none.
    let response = if keys.is_empty() && !prefix.is_empty() {
        StatusCode::NOT_FOUND.into_response()
    } else {
        reply::json(params, &json!(keys))
    };
    Ok(reply::with_index(response, index))
}

async fn tree(app: &App, prefix: &str, params: &Params) -> Result<Response, ApiError> {
    let answer = blocking::query(
        app,
        params,
        |state| state.kv().list(prefix).0,
        |state| {
            let (_, entries) = state.kv().list(prefix);
            entries
                .into_iter()
                .map(|(key, entry)| view(key, entry))
                .collect::<Vec<_>>()
        },
    );
    let (index, entries) = answer.await?;
    let response = if entries.is_empty() {
        StatusCode::NOT_FOUND.into_response()
    } else {
        reply::json(params, &Value::Array(entries))
    };
    Ok(reply::with_index(response, index))
}

pub(super) async fn write(
    State(app): State<Arc<App>>,
    Rest(key): Rest,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    params.check_reach(&app)?;
    if key.is_empty() {
        return Err(ApiError::bad("Missing key name"));
    }
    if params.has("acquire") || params.has("release") {
        return Err(ApiError::internal(
            "mini-consul has no sessions, so no key can be locked",
        ));
    }
    let flags = number(&params, "flags")?.unwrap_or(0);
    let cas = number(&params, "cas")?;
    let value = read_value(&headers, body).await?;
    let done =
        app.write(|state, _| state.change_kv(|kv, index| kv.put(index, &key, value, flags, cas)));
    Ok(reply::json(&params, &json!(done)))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Rest(key): Rest,
    params: Params,
) -> Result<Response, ApiError> {
    params.check_reach(&app)?;
    let cas = number(&params, "cas")?;
    if params.has("recurse") {
        if let Some(cas) = params.get("cas") {
            let recurse = params.get("recurse").unwrap_or_default();
            return Err(ApiError::bad(format!(
                "Conflicting flags: cas={cas}&recurse={recurse}"
            )));
        }
        app.write(|state, _| state.change_kv(|kv, index| kv.delete_tree(index, &key)));
        return Ok(reply::json(&params, &json!(true)));
    }
    if key.is_empty() {
        return Err(ApiError::bad("Missing key name"));
    }
    let done = app.write(|state, _| state.change_kv(|kv, index| kv.delete(index, &key, cas)));
    Ok(reply::json(&params, &json!(done)))
}

async fn read_value(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let too_large = |length: usize| {
        let text = format!("Request body({length} bytes) too large, max size: {MAX_VALUE} bytes.");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    };
    match length {
        Some(length) if length > MAX_VALUE => Err(too_large(length)),
        _ => to_bytes(body, MAX_VALUE)
            .await
            .map_err(|_| too_large(MAX_VALUE + 1)),
    }
}

fn number(params: &Params, name: &str) -> Result<Option<u64>, ApiError> {
    let wrong = |text: &str| {
        ApiError::internal(format!(
            "strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    };
    params
        .get(name)
        .map(|text| text.parse().map_err(|_| wrong(text)))
        .transpose()
}

fn view(key: &str, entry: &Entry) -> Value {
    json!({
        "LockIndex": 0,
        "Key": key,
        "Flags": entry.flags,
        // Consul's word for no bytes at all.
        "Value": if entry.value.is_empty() { Value::Null } else { json!(STANDARD.encode(&entry.value)) },
        "CreateIndex": entry.create_index,
        "ModifyIndex": entry.modify_index,
    })
}
