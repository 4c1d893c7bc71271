//! Access rules: there are none.

use http::StatusCode;

use super::reply::ApiError;

pub(super) async fn disabled() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "ACL support disabled")
}
