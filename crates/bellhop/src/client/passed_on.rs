//! The failure of an upstream as a service's own.

use tonic::{Code, Status};

use crate::limit::{REFUSED, UPSTREAM, retry_after, set_retry_after};

/// What a service answers that cannot go on since one that it asked has failed: the same code, the message behind the name of
/// who failed, and when to ask again.
///
/// Where that one has too much to do, or is asked too often, the answer says so: a breaker does not take it for a failure of
/// the service between, and its caller does not try again what that one has tried already.
pub fn passed_on(service: &str, status: &Status) -> Status {
    let said = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    let mut told = Status::new(status.code(), format!("{service}: {said}"));
    if let Some(after) = retry_after(status) {
        set_retry_after(&mut told, after);
    }
    let is_refusal = status.metadata().contains_key(REFUSED.as_str());
    if is_refusal || status.code() == Code::ResourceExhausted {
        let metadata = std::mem::take(told.metadata_mut());
        let mut headers = metadata.into_headers();
        headers.insert(REFUSED, UPSTREAM);
        *told.metadata_mut() = tonic::metadata::MetadataMap::from_headers(headers);
    }
    told
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limit::OVERLOAD;

    fn mark(status: &Status) -> Option<&[u8]> {
        let mark = status.metadata().get(REFUSED.as_str());
        mark.map(|mark| mark.as_encoded_bytes())
    }

    #[test]
    fn the_code_stays_and_the_service_is_named() {
        let told = passed_on("geo", &Status::unavailable("no map"));
        assert_eq!(told.code(), Code::Unavailable);
        assert_eq!(told.message(), "geo: no map");
        assert_eq!(
            mark(&told),
            None,
            "it may be this instance that cannot reach geo"
        );
        let mute = passed_on("rate", &Status::unavailable(""));
        assert_eq!(mute.message(), "rate: The service is currently unavailable");
    }

    #[test]
    fn when_to_ask_again_is_passed_on() {
        let mut status = Status::resource_exhausted("slow down");
        set_retry_after(&mut status, Duration::from_millis(1500));
        let told = passed_on("geo", &status);
        assert_eq!(retry_after(&told), Some(Duration::from_millis(1500)));
        assert_eq!(
            retry_after(&passed_on("geo", &Status::unavailable(""))),
            None
        );
    }

    #[test]
    fn an_upstream_that_has_too_much_to_do_is_told_from_a_service_that_has() {
        let told = passed_on("geo", &Status::resource_exhausted("slow down"));
        assert_eq!(told.code(), Code::ResourceExhausted);
        assert_eq!(mark(&told), Some(&b"upstream"[..]));

        let mut shed = Status::unavailable("too many calls");
        let mark_of_shed = OVERLOAD.to_str().unwrap().parse().unwrap();
        shed.metadata_mut().insert("bellhop-refused", mark_of_shed);
        let told = passed_on("search", &passed_on("geo", &shed));
        assert_eq!(told.code(), Code::Unavailable);
        assert_eq!(told.message(), "search: geo: too many calls");
        assert_eq!(mark(&told), Some(&b"upstream"[..]));
    }
}
