//! What callers are told who are refused before any handler has seen their call.

use http::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use http_body_util::{BodyExt, Full};

use super::app::HttpBody;

/// 503 in the shape of errors that HTTP applications of the mesh share; to be tried again at once, elsewhere.
pub(super) fn http(message: &str) -> Response<HttpBody> {
    let body = serde_json::json!({"error": {"code": "UNAVAILABLE", "message": message}});
    let body = Full::from(body.to_string()).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
