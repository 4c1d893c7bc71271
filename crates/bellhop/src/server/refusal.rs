//! What callers are told who are refused before any handler has seen their call.

use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use http_body_util::Full;
use tonic::{Status, body::Body};

use super::{app::HttpBody, body::ResponseBody};
use crate::limit::{OVERLOAD, REFUSED};

const OVERLOADED: &str = "too many calls at this instance, another one may have time";

/// How a call is refused for having come when there was too much to do.
pub(super) trait Overloaded: Sized {
    /// A refusal.
    fn overloaded() -> Response<Self>;
}

impl Overloaded for ResponseBody {
    /// `UNAVAILABLE`, so that callers ask another instance, as far as their budgets go; marked, so that they do not take
    /// this one for broken. `RESOURCE_EXHAUSTED` would keep them from asking anybody.
    fn overloaded() -> Response<Self> {
        let mut response: Response<Body> = Status::unavailable(OVERLOADED).into_http();
        mark(response.headers_mut());
        response.map(Self::from)
    }
}

impl Overloaded for HttpBody {
    fn overloaded() -> Response<Self> {
        let mut response = http(OVERLOADED);
        mark(response.headers_mut());
        response
    }
}

fn mark(headers: &mut HeaderMap) {
    headers.insert(REFUSED, OVERLOAD);
}

/// 503 in the shape of errors that HTTP applications of the mesh share; to be tried again at once, elsewhere.
pub(super) fn http(message: &str) -> Response<HttpBody> {
    let body = serde_json::json!({"error": {"code": "UNAVAILABLE", "message": message}});
    let body = HttpBody::new(Full::from(body.to_string()));
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
