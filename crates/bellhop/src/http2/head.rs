//! The head of a message on its way out.

use http::{
    HeaderMap, HeaderName,
    header::{CONNECTION, TE, TRANSFER_ENCODING, UPGRADE},
};

/// What HTTP/1 says of a connection. HTTP/2 knows none of it, and h2 sends no message that has one.
static OF_A_CONNECTION: [HeaderName; 5] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Takes out what somebody has copied from a message of HTTP/1.
pub(super) fn strip(headers: &mut HeaderMap) {
    if headers.keys().any(|name| OF_A_CONNECTION.contains(name)) {
        for name in &OF_A_CONNECTION {
            headers.remove(name);
        }
    }
    if headers.get(TE).is_some_and(|te| te != "trailers") {
        headers.remove(TE);
    }
}
