//! The files of the page, as `web/build.mjs` writes them.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
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

/// The ETags of a file, one for each of its forms, made where somebody first asks for that form.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags(Arc<[OnceLock<HeaderValue>; 3]>);

pub(super) static ASSETS: &[Asset] = &include!("../../assets/files.rs");

impl Asset {
    /// The file in the best form that the caller takes, or word that the caller holds it already.
    pub(super) fn answer(&self, tags: &Tags, headers: &HeaderMap) -> Response {
        let encoding = best(headers).filter(|encoding| self.packed(*encoding).is_some());
        let body = encoding.and_then(|encoding| self.packed(encoding));
        let body = body.unwrap_or(self.body);
        let etag = tags.of(encoding, body);
        let caching = if self.is_hashed { FOR_EVER } else { FRESH };
        let common: [(HeaderName, HeaderValue); 3] = [
            (CACHE_CONTROL, HeaderValue::from_static(caching)),
            (ETAG, etag.clone()),
            (VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if is_held(headers, etag) {
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

impl Tags {
    fn of(&self, encoding: Option<Encoding>, body: &[u8]) -> &HeaderValue {
        let form = match encoding {
            None => 0,
            Some(Encoding::Brotli) => 1,
            Some(Encoding::Gzip) => 2,
        };
        self.0[form].get_or_init(|| etag(body))
    }
}

fn etag(body: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).expect("digits and quotation marks")
}

/// Whether the caller holds the file already; compared weakly, as for any GET (RFC 9110, section 13.1.2).
fn is_held(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|held| held.to_str().ok())
        .flat_map(|held| held.split(','))
        .map(str::trim)
        .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == etag)
}
