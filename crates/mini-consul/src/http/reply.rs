//! Answers as Consul words them.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use super::params::Params;
use crate::state::StateError;

const INDEX: HeaderName = HeaderName::from_static("x-consul-index");
const KNOWN_LEADER: HeaderName = HeaderName::from_static("x-consul-knownleader");
const LAST_CONTACT: HeaderName = HeaderName::from_static("x-consul-lastcontact");
const CONSISTENCY: HeaderName = HeaderName::from_static("x-consul-effective-consistency");

/// A refusal: a status and a line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    text: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    pub(super) fn internal(text: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (
            self.status,
            [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
            self.text,
        )
            .into_response()
    }
}

impl From<StateError> for ApiError {
    fn from(error: StateError) -> Self {
        let text = error.to_string();
        match error {
            StateError::UnknownService(_) => Self::not_found(text),
            StateError::CheckOfUnknown(_) | StateError::NotTtl(_) => Self::internal(text),
        }
    }
}

/// JSON, on one line unless `?pretty` asks otherwise.
pub(super) fn json(params: &Params, value: &Value) -> Response {
    let text = if params.has("pretty") {
        format!("{value:#}\n")
    } else {
        value.to_string()
    };
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// An answer of the catalog: JSON with the index it stands at.
pub(super) fn indexed(params: &Params, index: u64, value: &Value) -> Response {
    let mut response = with_index(json(params, value), index);
    let consistency = if params.has("stale") {
        "stale"
    } else if params.has("consistent") {
        "consistent"
    } else {
        "leader"
    };
    response
        .headers_mut()
        .insert(CONSISTENCY, HeaderValue::from_static(consistency));
    response
}

/// Says which index an answer stands at.
pub(super) fn with_index(mut response: Response, index: u64) -> Response {
    let headers = response.headers_mut();
    headers.insert(INDEX, HeaderValue::from(index));
    headers.insert(KNOWN_LEADER, HeaderValue::from_static("true"));
    headers.insert(LAST_CONTACT, HeaderValue::from_static("0"));
    response
}
