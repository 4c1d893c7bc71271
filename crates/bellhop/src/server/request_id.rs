//! The id by which people find a request again.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that has it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a caller that is taken over.
const LONGEST: usize = 128;

/// The caller's where it does no harm in a header, in baggage and in a log line; else a new one.
#[must_use]
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    told(headers).unwrap_or_else(made)
}

/// The caller's, where there is one that does no harm.
pub(super) fn told(headers: &HeaderMap) -> Option<HeaderValue> {
    let theirs = headers.get(X_REQUEST_ID);
    theirs.filter(|id| is_sane(id.as_bytes())).cloned()
}

/// Whether it may stand in a header, in baggage and in a log line.
pub(super) fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

/// 16 random bytes in hex; they tell requests apart and keep no secret.
fn made() -> HeaderValue {
    let mut left = fastrand::u128(1..);
    let mut id = [0; 32];
    for digit in &mut id {
        *digit = b"0123456789abcdef"[(left & 0xf) as usize];
        left >>= 4;
    }
    HeaderValue::from_bytes(&id).expect("hex digits are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str) -> HeaderValue {
        let id = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        request_id(&HeaderMap::from_iter([(X_REQUEST_ID, id)]))
    }

    #[test]
    fn a_sane_one_is_taken_over() {
        for sane in ["1", "a/b?c=\"d\"", &"x".repeat(128)] {
            assert_eq!(of(sane), sane);
        }
        for bad in ["", "two words", "é", &"x".repeat(129)] {
            assert_eq!(of(bad).len(), 32, "{bad}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
