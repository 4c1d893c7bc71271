//! Says which service failed.

use tonic::Status;

/// The status of a service asked by search: its code as it is, its message behind the service's name.
pub(crate) fn failed(service: &'static str) -> impl FnOnce(Status) -> Status {
    move |status| Status::new(status.code(), format!("{service}: {}", said(&status)))
}

fn said(status: &Status) -> &str {
    match status.message() {
        "" => status.code().description(),
        message => message,
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

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
