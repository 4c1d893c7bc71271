//! Whether to try again.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode};
use tonic::{Code, Status};

use super::methods::Method;
use crate::limit::{OVERLOAD, REFUSED, UPSTREAM};

/// How a server says when, or with anything negative that it does not want it at all; in milliseconds.
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// How an attempt failed, as far as another one is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// With a status, before any message.
    Status(Code, Pushback),
    /// A server had too much to do: no handler has seen the call.
    Refused,
    /// Somebody further on had too much to do, or is asked too often. Whoever tells of it has asked others already, as far as
    /// they could.
    PassedOn,
    /// The connection was lost: nobody knows what the other side has done.
    Lost,
    /// It provably never reached a handler.
    Unprocessed,
    /// In a way that another attempt does not help against.
    Final,
    /// There was nobody to send it to, for as long as one may wait.
    Nobody,
}

impl Failure {
    /// Whether another attempt that is under way may still come to a better end. That there was no time for one, or nobody,
    /// says nothing of others.
    pub(super) fn leaves_hope(self) -> bool {
        matches!(
            self,
            Self::Nobody
                | Self::Refused
                | Self::PassedOn
                | Self::Status(Code::ResourceExhausted, _)
        )
    }
}

/// What a server says about trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushback {
    /// Nothing.
    Silent,
    /// After exactly so long.
    After(Duration),
    /// Never.
    Never,
}

/// What follows a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: it is the answer.
    Final,
    /// The same attempt somewhere else, which costs nothing.
    Elsewhere,
    /// Another attempt, if it can be afforded.
    Again(Pushback),
}

/// What follows a failure of a call to `method`, which has `free` attempts left that cost nothing.
pub(super) fn verdict(method: Method, failure: Failure, free: u32) -> Verdict {
    match failure {
        Failure::Unprocessed if free > 0 => Verdict::Elsewhere,
        Failure::Unprocessed => Verdict::Again(Pushback::Silent),
        // Another one may have time. That nobody has is why it is not free.
        Failure::Refused => Verdict::Again(Pushback::Silent),
        Failure::Lost if method.idempotent => Verdict::Again(Pushback::Silent),
        Failure::Status(code, pushback) if method.retries(code) => match pushback {
            Pushback::Never => Verdict::Final,
            _ => Verdict::Again(pushback),
        },
        _ => Verdict::Final,
    }
}

/// The failure that the head of an answer is, if it is one: a status where the answer is nothing else, or the HTTP status of
/// whoever stands before the server.
pub(super) fn failure_in_head(status: StatusCode, headers: &HeaderMap) -> Option<Failure> {
    if headers.get(REFUSED) == Some(&OVERLOAD) {
        return Some(Failure::Refused);
    }
    if headers.contains_key(Status::GRPC_STATUS) {
        return failure_in(headers);
    }
    let unavailable = matches!(status.as_u16(), 429 | 502 | 503 | 504);
    unavailable.then(|| Failure::Status(Code::Unavailable, pushback(headers)))
}

/// The failure that trailers are, if they are one.
pub(super) fn failure_in(trailers: &HeaderMap) -> Option<Failure> {
    if trailers.get(REFUSED) == Some(&UPSTREAM) {
        return Some(Failure::PassedOn);
    }
    let code = super::super::body::code(trailers);
    (code != Code::Ok).then(|| Failure::Status(code, pushback(trailers)))
}

fn pushback(headers: &HeaderMap) -> Pushback {
    let Some(value) = headers.get(PUSHBACK) else {
        return Pushback::Silent;
    };
    let millis = value.to_str().ok().and_then(|value| value.parse().ok());
    millis.map_or(Pushback::Never, |millis: u32| {
        Pushback::After(Duration::from_millis(millis.into()))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const UNAVAILABLE: Failure = Failure::Status(Code::Unavailable, Pushback::Silent);

    fn method(idempotent: bool) -> Method {
        Method {
            idempotent,
            ..Method::default()
        }
    }

    #[test]
    fn a_method_that_may_be_called_twice_is() {
        let verdict = |failure| verdict(method(true), failure, 1);
        assert_eq!(verdict(UNAVAILABLE), Verdict::Again(Pushback::Silent));
        assert_eq!(verdict(Failure::Lost), Verdict::Again(Pushback::Silent));
        assert_eq!(verdict(Failure::Unprocessed), Verdict::Elsewhere);
        assert_eq!(verdict(Failure::Final), Verdict::Final);
        assert_eq!(verdict(Failure::Nobody), Verdict::Final);
        for code in (1..17).map(Code::from_i32) {
            let failure = Failure::Status(code, Pushback::Silent);
            let again = verdict(failure) != Verdict::Final;
            assert_eq!(again, code == Code::Unavailable, "{code:?}");
        }
    }

    #[test]
    fn one_that_may_not_is_only_where_nobody_saw_the_call() {
        let verdict = |failure| verdict(method(false), failure, 1);
        assert_eq!(verdict(Failure::Unprocessed), Verdict::Elsewhere);
        for failure in [UNAVAILABLE, Failure::Lost, Failure::Final, Failure::Nobody] {
            assert_eq!(verdict(failure), Verdict::Final, "{failure:?}");
        }
    }

    #[test]
    fn who_is_refused_unseen_may_ask_another_whatever_the_method() {
        let mut headers = HeaderMap::new();
        headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("14"));
        headers.insert(REFUSED, OVERLOAD);
        let failure = failure_in_head(StatusCode::OK, &headers).unwrap();
        for idempotent in [true, false] {
            let verdict = verdict(method(idempotent), failure, 1);
            assert_eq!(verdict, Verdict::Again(Pushback::Silent));
        }
    }

    #[test]
    fn who_passes_on_that_another_is_overloaded_is_not_asked_again() {
        let mut headers = HeaderMap::new();
        headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("14"));
        headers.insert(REFUSED, UPSTREAM);
        for failure in [
            failure_in_head(StatusCode::OK, &headers),
            failure_in(&headers),
        ] {
            assert_eq!(failure, Some(Failure::PassedOn));
            assert_eq!(verdict(method(true), Failure::PassedOn, 1), Verdict::Final);
        }
    }

    #[test]
    fn being_sent_elsewhere_ends() {
        let verdict = |free| verdict(method(false), Failure::Unprocessed, free);
        assert_eq!(verdict(1), Verdict::Elsewhere);
        assert_eq!(verdict(0), Verdict::Again(Pushback::Silent));
    }

    #[test]
    fn a_server_says_when_or_never() {
        let told = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("14"));
            headers.insert(PUSHBACK, HeaderValue::from_static(value));
            let failure = failure_in_head(StatusCode::OK, &headers).unwrap();
            verdict(method(true), failure, 1)
        };
        let after = |millis| Verdict::Again(Pushback::After(Duration::from_millis(millis)));
        assert_eq!((told("0"), told("250")), (after(0), after(250)));
        for never in ["-1", "soon", "", "1.5"] {
            assert_eq!(told(never), Verdict::Final, "{never}");
        }
    }

    #[test]
    fn a_status_is_read_where_it_is() {
        let head = |status| failure_in_head(status, &HeaderMap::new());
        assert_eq!(head(StatusCode::OK), None);
        assert_eq!(head(StatusCode::SERVICE_UNAVAILABLE), Some(UNAVAILABLE));
        assert_eq!(head(StatusCode::NOT_FOUND), None);

        let mut headers = HeaderMap::new();
        headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
        assert_eq!(failure_in_head(StatusCode::OK, &headers), None);
        headers.insert(Status::GRPC_STATUS, HeaderValue::from_static("5"));
        let not_found = Failure::Status(Code::NotFound, Pushback::Silent);
        assert_eq!(failure_in(&headers), Some(not_found));
    }
}
