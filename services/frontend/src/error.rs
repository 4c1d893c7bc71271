//! The faults of an answer, and the one map from gRPC to HTTP.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use bellhop::{
    limit::{TooMany, retry_after},
    telemetry::code_name,
};
use hotel_proto::Invalid;
use serde::Serialize;
use tonic::{Code, Status};

/// When to try again if the upstream does not say, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

/// What went wrong, as a caller may know it.
#[derive(Debug)]
pub(crate) struct Fault {
    kind: Kind,
    message: String,
    field: Option<&'static str>,
    retry_after: Option<u64>,
    /// For the log only.
    cause: Option<Cause>,
}

/// Why an answer is a server's fault; it rides on the response to where the ids of the request are known and logged.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    InvalidArgument,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RateLimited,
    Internal,
    Unavailable,
    DeadlineExceeded,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::Forbidden => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }
}

impl From<Code> for Kind {
    /// What the failure of an upstream is to the caller.
    fn from(code: Code) -> Self {
        match code {
            Code::InvalidArgument => Self::InvalidArgument,
            Code::ResourceExhausted => Self::RateLimited,
            Code::Unavailable => Self::Unavailable,
            // Nobody here cancels a call and waits for its answer: tonic says so when time has run out.
            Code::DeadlineExceeded | Code::Cancelled => Self::DeadlineExceeded,
            // The rest, NOT_FOUND included, means that two services do not understand each other.
            _ => Self::Internal,
        }
    }
}

impl Fault {
    /// Nothing is at this path.
    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(Kind::NotFound, format!("nothing is at {path}"))
    }

    /// What is asked for is not there.
    pub(crate) fn unknown(why: String) -> Self {
        Self::new(Kind::NotFound, why)
    }

    /// What is asked for makes no sense.
    pub(crate) fn senseless(why: String) -> Self {
        Self::new(Kind::InvalidArgument, why)
    }

    /// This is not for whoever asks.
    pub(crate) fn forbidden(why: &str) -> Self {
        Self::new(Kind::Forbidden, why.to_owned())
    }

    /// Others are served already, and no more can be for now.
    pub(crate) fn busy(why: String) -> Self {
        Self::new(Kind::Unavailable, why)
    }

    /// The path is known, but not with this method.
    pub(crate) fn method_not_allowed(method: &str) -> Self {
        Self::new(Kind::MethodNotAllowed, format!("{method} is not allowed"))
    }

    /// The request took too long as a whole.
    pub(crate) fn late(deadline: Duration) -> Self {
        let message = format!("no answer within {deadline:?}");
        let cause = Some(Cause(message.clone()));
        Self {
            cause,
            ..Self::new(Kind::DeadlineExceeded, message)
        }
    }

    /// The client asks too often.
    pub(crate) fn too_many(refused: TooMany) -> Self {
        let seconds = whole_seconds(refused.retry_after);
        let message = format!("too many requests from one address, try again in {seconds} s");
        Self {
            retry_after: Some(seconds),
            ..Self::new(Kind::RateLimited, message)
        }
    }

    /// A bug of ours; `cause` goes to the log only.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        Self {
            cause: Some(Cause(cause.into())),
            ..Self::new(Kind::Internal, "internal error".into())
        }
    }

    /// The failure of a call to `service`.
    pub(crate) fn upstream(service: &'static str) -> impl FnOnce(Status) -> Self {
        move |status| {
            let kind = Kind::from(status.code());
            let message = match kind {
                Kind::Internal => format!("{service} failed with {}", code_name(status.code())),
                _ => format!("{service}: {}", said(&status)),
            };
            let cause = format!("{service}: {}: {}", code_name(status.code()), said(&status));
            Self {
                retry_after: retry_after(&status).map(whole_seconds),
                cause: Some(Cause(cause)),
                ..Self::new(kind, message)
            }
        }
    }

    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            field: None,
            retry_after: None,
            cause: None,
        }
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        Self {
            field: Some(invalid.field),
            ..Self::new(Kind::InvalidArgument, invalid.to_string())
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = Body {
            error: Said {
                code: self.kind.code(),
                message: &self.message,
                field: self.field,
            },
        };
        let mut response = (self.kind.status(), Json(body)).into_response();
        if matches!(self.kind, Kind::RateLimited | Kind::Unavailable) {
            let seconds = self.retry_after.unwrap_or(RETRY_AFTER_SECONDS);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(cause) = self.cause.filter(|_| self.kind.status().is_server_error()) {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Said<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

/// What a status says, in words.
pub(crate) fn said(status: &Status) -> &str {
    match status.message() {
        "" => status.code().description(),
        message => message,
    }
}

/// Rounded up, at least one.
fn whole_seconds(after: Duration) -> u64 {
    let part = u64::from(after.subsec_nanos() > 0);
    (after.as_secs() + part).max(1)
}
