//! What a call says about the instance that answered it.

use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use crate::limit::{REFUSED, TOO_OFTEN};

/// What a call says about the instance that answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It works, whatever the application said.
    Good,
    /// It does not do what it is there for.
    Bad,
    /// It has too much to do. That is a failure too, but others have more to do without it.
    Overloaded,
    /// Nothing, for the call was cancelled, be it that nobody wants an answer or that its time was over; or because its caller
    /// calls too often.
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
        if let Some(why) = headers.get(REFUSED) {
            let outcome = if *why == TOO_OFTEN {
                Self::Unsaid
            } else {
                Self::Overloaded
            };
            return Some(outcome);
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::limit::OVERLOAD;

    #[test]
    fn a_refusal_is_no_failure_of_who_refuses_whoever_comes_too_often() {
        let said = |why: HeaderValue, code: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFUSED, why);
            headers.insert(Status::GRPC_STATUS, HeaderValue::from_static(code));
            Outcome::of_head(StatusCode::OK, &headers)
        };
        assert_eq!(said(TOO_OFTEN, "8"), Some(Outcome::Unsaid));
        assert_eq!(said(OVERLOAD, "14"), Some(Outcome::Overloaded));
    }
}
