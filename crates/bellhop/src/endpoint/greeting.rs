//! The question that a connection begins with, and what the answer says of whoever is there.

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use prost::Message;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tower::ServiceExt;

use super::{AnswerBody, CallError, Endpoint, RequestBody};
use crate::identity::{SERVICE, Word};

/// What every gRPC server answers, be it with a refusal.
const QUESTION: &str = "/grpc.health.v1.Health/Check";
/// What a message has before it: that it is not compressed, and its length.
const PREFIX: usize = 5;
const GRPC: &[u8] = b"application/grpc";
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");
/// After any service: a message of no bytes.
static OF_ANY: LazyLock<Bytes> = LazyLock::new(|| message(""));

/// Asks after the health of a service, and hears what the answer says of who gives it; `None` is for whoever is there.
///
/// Any answer is one, and the rest of it is waited for no longer than this.
pub(super) async fn greet(
    endpoint: &Endpoint,
    service: Option<&str>,
    within: Duration,
) -> Result<Word, CallError> {
    let message = service.map_or_else(|| OF_ANY.clone(), message);
    let answer = endpoint.aside().oneshot(question(message)).await?;
    let (head, body) = answer.response.into_parts();
    if let Some(name) = head.headers.get(SERVICE) {
        return Ok(Word::of_name(name));
    }
    if head.status != StatusCode::OK {
        return Ok(of_http(head.status));
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    if !content_type.is_some_and(|value| value.as_bytes().starts_with(GRPC)) {
        return Ok(Word::Unaware);
    }
    if let Some(status) = Status::from_header_map(&head.headers) {
        return Ok(of_grpc(status.code()));
    }
    Ok(timeout(within, of_body(body))
        .await
        .unwrap_or(Word::Nothing))
}

/// Only a service that is known has a message.
async fn of_body(mut body: AnswerBody) -> Word {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Word::Nothing;
        };
        match frame.into_trailers() {
            Ok(trailers) => {
                let status = Status::from_header_map(&trailers);
                return status.map_or(Word::Unaware, |status| of_grpc(status.code()));
            }
            Err(data) if data.data_ref().is_some_and(|data| !data.is_empty()) => {
                return Word::Knows;
            }
            Err(_) => {}
        }
    }
    Word::Unaware
}

/// Whose health service fails has not said that it is somebody else.
fn of_grpc(code: Code) -> Word {
    match code {
        Code::Ok => Word::Knows,
        Code::NotFound | Code::Unimplemented => Word::Unaware,
        _ => Word::Nothing,
    }
}

fn of_http(status: StatusCode) -> Word {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            Word::Nothing
        }
        status if status.is_client_error() => Word::Unaware,
        _ => Word::Nothing,
    }
}

fn message(service: &str) -> Bytes {
    let text = HealthCheckRequest {
        service: service.to_owned(),
    };
    let mut message = vec![0; PREFIX];
    message[1..].copy_from_slice(&(text.encoded_len() as u32).to_be_bytes());
    message.extend(text.encode_to_vec());
    message.into()
}

fn question(message: Bytes) -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::whole(message));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = http::Uri::from_static(QUESTION);
    let headers = request.headers_mut();
    headers.insert(header::TE, TRAILERS);
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    request
}
