//! Says which service failed.

use bellhop::limit::{retry_after, set_retry_after};
use tonic::Status;

/// The status of a service asked by search: its code as it is, its message behind the service's name, and when to ask again.
pub(crate) fn failed(service: &'static str) -> impl FnOnce(Status) -> Status {
    move |status| {
        let message = format!("{service}: {}", said(&status));
        let mut told = Status::new(status.code(), message);
        if let Some(after) = retry_after(&status) {
            set_retry_after(&mut told, after);
        }
        told
    }
}

fn said(status: &Status) -> &str {
    match status.message() {
        "" => status.code().description(),
        message => message,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic::Code;

    use super::*;

    #[test]
    fn when_to_ask_again_is_passed_on() {
        let mut status = Status::resource_exhausted("slow down");
        set_retry_after(&mut status, Duration::from_millis(1500));
        let told = failed("geo")(status);
        assert_eq!(retry_after(&told), Some(Duration::from_millis(1500)));
        assert_eq!(retry_after(&failed("geo")(Status::unavailable(""))), None);
    }

    #[test]
    fn the_code_stays_and_the_service_is_named() {
        let status = failed("geo")(Status::resource_exhausted("slow down"));
        assert_eq!(
            (status.code(), status.message()),
            (Code::ResourceExhausted, "geo: slow down")
        );
        let mute = failed("rate")(Status::unavailable(""));
        assert_eq!(mute.message(), "rate: The service is currently unavailable");
    }
}
