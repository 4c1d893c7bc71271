//! What a call says about the instance that answered it.

use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use crate::limit::REFUSED;

/// What a call says about the instance that answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It works, whatever the application said.
    Good,
    /// It does not do what it is there for.
    Bad,
    /// It has too much to do. That is a failure too, but others have more to do without it.
    Overloaded,
    /// Nothing, for the call was cancelled: be it that nobody wants an answer, or that its time was over.
    Unsaid,
}

impl Outcome {
    /// What a gRPC status says: an error of the application is an answer like any other.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::Unavailable | Code::DeadlineExceeded | Code::Internal => Self::Bad,
            Code::ResourceExhausted => Self::Overloaded,
            Code::Cancelled => Self::Unsaid,
            _ => Self::Good,
        }
    }

    /// What the head of an answer says: a gRPC status where the answer is nothing else, or an HTTP status of whoever stands
    /// before the instance and cannot reach it.
    pub(crate) fn of_head(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(REFUSED) {
            return Some(Self::Overloaded);
        }
        if let Some(code) = headers.get(Status::GRPC_STATUS) {
            return Some(Self::of(Code::from_bytes(code.as_bytes())));
        }
        match status {
            StatusCode::TOO_MANY_REQUESTS => Some(Self::Overloaded),
            _ => status.is_server_error().then_some(Self::Bad),
        }
    }
}
