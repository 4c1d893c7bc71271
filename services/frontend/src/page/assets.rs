//! The files of the page, as `web/build.mjs` writes them.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY},
    },
    response::{IntoResponse, Response},
};

use super::encoding::{Encoding, best};

/// A name that does not change with the content: a browser asks each time, which with the ETag costs next to nothing.
const FRESH: &str = "no-cache";

/// A name with a hash of the content in it is never asked for again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file of the page.
pub(super) struct Asset {
    pub(super) path: &'static str,
    pub(super) media_type: &'static str,
    /// Whether the name holds a hash of the content.
    pub(super) is_hashed: bool,
    pub(super) body: &'static [u8],
    pub(super) brotli: Option<&'static [u8]>,
    pub(super) gzip: Option<&'static [u8]>,
}

pub(super) static ASSETS: &[Asset] = &include!("../../assets/files.rs");

impl Asset {
    /// The file in the best form that the caller takes, or word that the caller holds it already.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let encoding = best(headers).filter(|encoding| self.packed(*encoding).is_some());
        let body = encoding.and_then(|encoding| self.packed(encoding));
        let body = body.unwrap_or(self.body);
        let etag = etag(body);
        let caching = if self.is_hashed { FOR_EVER } else { FRESH };
        let common: [(HeaderName, &str); 3] = [
            (CACHE_CONTROL, caching),
            (ETAG, &etag),
            (VARY, "accept-encoding"),
        ];
        if is_held(headers, &etag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let packed = encoding.map(|encoding| [(CONTENT_ENCODING, encoding.name())]);
        let body = Bytes::from_static(body);
        match packed {
            Some(packed) => {
                (common, packed, [(CONTENT_TYPE, self.media_type)], body).into_response()
            }
            None => (common, [(CONTENT_TYPE, self.media_type)], body).into_response(),
        }
    }

    pub(super) fn packed(&self, encoding: Encoding) -> Option<&'static [u8]> {
        match encoding {
            Encoding::Brotli => self.brotli,
            Encoding::Gzip => self.gzip,
        }
    }
}

/// Each form of a file has a tag of its own.
fn etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    // What is long is known well enough by its ends and its length, and not read on each request.
    const ENDS: usize = 32 * 1024;
    body.len().hash(&mut hasher);
    body[..body.len().min(ENDS)].hash(&mut hasher);
    body[body.len().saturating_sub(ENDS)..].hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Whether the caller holds the file already; compared weakly, as for any GET (RFC 9110, section 13.1.2).
fn is_held(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|held| held.to_str().ok())
        .flat_map(|held| held.split(','))
        .map(str::trim)
        .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == etag)
}
