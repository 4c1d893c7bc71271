//! What the end of a call means for its span.

use http::Method;
use opentelemetry::trace::{SpanKind, Status};
use tonic::Code;

/// The name of a gRPC code as its specification spells it, such as `NOT_FOUND`; the conventions of spans write it so.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether the conventions count a code as an error on this side of the call.
///
/// A server did its work when it refused a bad request; its client did not get what it asked for.
pub(super) fn is_error(code: Code, side: &SpanKind) -> bool {
    match side {
        SpanKind::Server => matches!(
            code,
            Code::Unknown
                | Code::DeadlineExceeded
                | Code::Unimplemented
                | Code::Internal
                | Code::Unavailable
                | Code::DataLoss
        ),
        _ => code != Code::Ok,
    }
}

/// A failure whose kind stands in the attributes.
pub(super) fn failed() -> Status {
    Status::error("")
}

/// The methods that may stand in a span's name; any other could be anything.
pub(super) fn method_name(method: &Method) -> Option<&'static str> {
    const KNOWN: [(Method, &str); 9] = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::PATCH, "PATCH"),
        (Method::CONNECT, "CONNECT"),
        (Method::TRACE, "TRACE"),
    ];
    KNOWN
        .iter()
        .find_map(|(known, name)| (known == method).then_some(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_blames_itself_for_six_codes() {
        let blamed: Vec<_> = (0..17)
            .map(Code::from_i32)
            .filter(|code| is_error(*code, &SpanKind::Server))
            .map(code_name)
            .collect();
        assert_eq!(
            blamed,
            [
                "UNKNOWN",
                "DEADLINE_EXCEEDED",
                "UNIMPLEMENTED",
                "INTERNAL",
                "UNAVAILABLE",
                "DATA_LOSS"
            ]
        );
    }

    #[test]
    fn a_client_calls_all_but_ok_an_error() {
        let fine: Vec<_> = (0..17)
            .map(Code::from_i32)
            .filter(|code| !is_error(*code, &SpanKind::Client))
            .collect();
        assert_eq!(fine, [Code::Ok]);
    }

    #[test]
    fn an_invented_method_has_no_name() {
        assert_eq!(method_name(&Method::PATCH), Some("PATCH"));
        assert_eq!(method_name(&Method::from_bytes(b"BREW").unwrap()), None);
    }
}
