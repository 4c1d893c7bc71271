//! When a service that refused a call wants to be asked again.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use prost::Message;
use tonic::Status;

/// How a server says so in the protocol's own words (gRPC proposal A6), in milliseconds.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The same in Google's error model, among the details of a status.
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// On a refusal that is not to be held against the server like a failure: why. But for [`UPSTREAM`] it came before any handler had
/// seen the call.
pub(crate) const REFUSED: HeaderName = HeaderName::from_static("bellhop-refused");

/// The server has too much to do; another one may have time.
pub(crate) const OVERLOAD: HeaderValue = HeaderValue::from_static("overload");

/// The caller comes too often.
pub(crate) const TOO_OFTEN: HeaderValue = HeaderValue::from_static("limit");

/// It is somebody whom the handler asked that has too much to do, or is asked too often.
pub(crate) const UPSTREAM: HeaderValue = HeaderValue::from_static("upstream");

/// Which service calls, by the name that it has in the registry.
pub(crate) const CALLER: HeaderName = HeaderName::from_static("bellhop-caller");

/// When a service that refused a call wants to be asked again: what its status says in `grpc-retry-pushback-ms`, or else in
/// a `google.rpc.RetryInfo` among its details. A negative pushback means "never", which is no time.
pub fn retry_after(status: &Status) -> Option<Duration> {
    pushback(status).or_else(|| retry_info(status.details()))
}

/// Says on a status when to ask again, as [`retry_after`] reads it; parts of a millisecond count as a whole one.
pub fn set_retry_after(status: &mut Status, after: Duration) {
    let millis = u64::try_from(after.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    let info = RetryInfo {
        retry_delay: after.try_into().ok(),
    };
    let rich = RichStatus {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: vec![prost_types::Any {
            type_url: RETRY_INFO.to_owned(),
            value: info.encode_to_vec(),
        }],
    };
    let details = rich.encode_to_vec().into();
    let mut metadata = std::mem::take(status.metadata_mut());
    metadata.insert(PUSHBACK, millis.into());
    *status = Status::with_details_and_metadata(status.code(), status.message(), details, metadata);
}

fn pushback(status: &Status) -> Option<Duration> {
    let millis = status.metadata().get(PUSHBACK)?.to_str().ok()?;
    Some(Duration::from_millis(millis.parse().ok()?))
}

fn retry_info(details: &[u8]) -> Option<Duration> {
    let status = RichStatus::decode(details).ok()?;
    let info = status
        .details
        .iter()
        .find(|detail| detail.type_url == RETRY_INFO)?;
    let delay = RetryInfo::decode(&*info.value).ok()?.retry_delay?;
    delay.try_into().ok()
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RichStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<prost_types::Duration>,
}

#[cfg(test)]
mod tests {
    use tonic::{Code, metadata::MetadataMap};

    use super::*;

    fn with_pushback(value: &str) -> Status {
        let mut status = Status::resource_exhausted("slow down");
        status
            .metadata_mut()
            .insert(PUSHBACK, value.parse().unwrap());
        status
    }

    fn with_info(seconds: i64, nanos: i32) -> Status {
        let retry_delay = Some(prost_types::Duration { seconds, nanos });
        let info = prost_types::Any {
            type_url: RETRY_INFO.into(),
            value: RetryInfo { retry_delay }.encode_to_vec(),
        };
        let other = prost_types::Any {
            type_url: "type.googleapis.com/google.rpc.DebugInfo".into(),
            value: vec![1, 2, 3],
        };
        let rich = RichStatus {
            details: vec![other, info],
            ..RichStatus::default()
        };
        let details = rich.encode_to_vec().into();
        Status::with_details(Code::ResourceExhausted, "slow down", details)
    }

    #[test]
    fn either_way_of_saying_it_is_understood() {
        let millis = |status| retry_after(&status).map(|after| after.as_millis());
        assert_eq!(millis(with_pushback("1500")), Some(1500));
        assert_eq!(millis(with_pushback("0")), Some(0));
        assert_eq!(millis(with_info(2, 500_000_000)), Some(2500));
        assert_eq!(millis(with_info(-2, 0)), None);
        for odd in ["-1", "soon", "", "1.5"] {
            assert_eq!(millis(with_pushback(odd)), None, "{odd}");
        }
        let mut both = with_info(2, 0);
        *both.metadata_mut() = with_pushback("100").metadata().clone();
        assert_eq!(millis(both), Some(100));
    }

    #[test]
    fn what_is_said_is_read() {
        let mut status = Status::unavailable("");
        set_retry_after(&mut status, Duration::from_micros(1500));
        assert_eq!(retry_after(&status), Some(Duration::from_millis(2)));
    }

    #[test]
    fn junk_says_nothing() {
        let junk = Status::with_details(Code::Unavailable, "", vec![0xff; 20].into());
        assert_eq!(retry_after(&junk), None);
        let mut mute = Status::unavailable("");
        *mute.metadata_mut() = MetadataMap::new();
        assert_eq!(retry_after(&mute), None);
    }
}
