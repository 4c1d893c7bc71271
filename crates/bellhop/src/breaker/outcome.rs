//! What a call says about the instance that answered it.

use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

use crate::limit::{REFUSED, TOO_OFTEN, UPSTREAM};

/// What a call says about the instance that answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It works, whatever the application said.
    Good,
    /// It does not do what it is there for.
    Bad,
    /// It has too much to do. That is a failure too, but others have more to do without it.
    Overloaded,
    /// Nothing, for the call was cancelled, be it that nobody wants an answer or that its time was over; because its caller
    /// calls too often; or because somebody whom the instance asked has too much to do.
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

    /// What the trailers say that an answer ends with, or the head where it has them.
    pub(crate) fn of_trailers(headers: &HeaderMap) -> Self {
        match (headers.get(REFUSED), headers.get(Status::GRPC_STATUS)) {
            (Some(why), _) if *why == TOO_OFTEN || *why == UPSTREAM => Self::Unsaid,
            (Some(_), _) => Self::Overloaded,
            (None, Some(code)) => Self::of(Code::from_bytes(code.as_bytes())),
            (None, None) => Self::of(Code::Unknown),
        }
    }

    /// What the head of an answer says: a gRPC status where the answer is nothing else, or an HTTP status of whoever stands
    /// before the instance and cannot reach it.
    pub(crate) fn of_head(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(REFUSED) || headers.contains_key(Status::GRPC_STATUS) {
            return Some(Self::of_trailers(headers));
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
        assert_eq!(said(UPSTREAM, "8"), Some(Outcome::Unsaid));
        assert_eq!(said(UPSTREAM, "14"), Some(Outcome::Unsaid));
    }
}
