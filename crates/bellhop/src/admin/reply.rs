//! What is answered.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE},
};
use http_body_util::Full;
use serde::Serialize;

/// An answer, whole.
pub(super) type Reply = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// JSON for people as well: with line breaks.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec_pretty(value) {
        Ok(mut body) => {
            body.push(b'\n');
            reply(status, JSON, body)
        }
        Err(error) => fault(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) fn text(body: String) -> Reply {
    plain(TEXT, body)
}

/// Text of another kind.
pub(super) fn plain(content_type: HeaderValue, body: String) -> Reply {
    reply(StatusCode::OK, content_type, body.into_bytes())
}

/// A fault in the shape that HTTP applications of the mesh share.
pub(super) fn fault(status: StatusCode, message: &str) -> Reply {
    let code = match status {
        StatusCode::BAD_REQUEST => "INVALID_ARGUMENT",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::MISDIRECTED_REQUEST => "FAILED_PRECONDITION",
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => "UNIMPLEMENTED",
        StatusCode::PAYLOAD_TOO_LARGE => "RESOURCE_EXHAUSTED",
        StatusCode::REQUEST_TIMEOUT => "DEADLINE_EXCEEDED",
        StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    let body = serde_json::json!({"error": {"code": code, "message": message}});
    reply(status, JSON, format!("{body}\n").into_bytes())
}

pub(super) fn not_allowed(methods: &'static str, asked: &Method) -> Reply {
    let message = format!("{asked} is not for this path, {methods} is");
    let mut reply = fault(StatusCode::METHOD_NOT_ALLOWED, &message);
    reply
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    reply
}

fn reply(status: StatusCode, content_type: HeaderValue, body: Vec<u8>) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
