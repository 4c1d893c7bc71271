//! Serves the page: files that are part of the program and need nothing from elsewhere.

use std::{
    future::ready,
    hash::{DefaultHasher, Hash, Hasher},
};

use axum::{
    Router,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};

/// Nothing but what this server serves: no inline script or style, no frame around the page.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The names do not change with the content, so a browser asks each time; with the ETag that costs it next to nothing.
const FRESH: &str = "no-cache";

/// A file of the page.
struct Asset {
    path: &'static str,
    media_type: &'static str,
    body: &'static str,
}

static ASSETS: [Asset; 5] = [
    Asset {
        path: "/",
        media_type: "text/html; charset=utf-8",
        body: include_str!("../assets/page.html"),
    },
    Asset {
        path: "/assets/page.css",
        media_type: "text/css; charset=utf-8",
        body: include_str!("../assets/page.css"),
    },
    Asset {
        path: "/assets/page.js",
        media_type: "text/javascript; charset=utf-8",
        body: include_str!("../assets/page.js"),
    },
    Asset {
        path: "/assets/icon.svg",
        media_type: "image/svg+xml",
        body: include_str!("../assets/icon.svg"),
    },
    Asset {
        path: "/assets/basemap.geojson",
        media_type: "application/geo+json",
        body: include_str!("../assets/basemap.geojson"),
    },
];

/// The routes of all files.
pub(crate) fn router() -> Router {
    ASSETS.iter().fold(Router::new(), |router, asset| {
        let etag = asset.etag();
        let answer = move |headers: HeaderMap| ready(asset.answer(&etag, &headers));
        router.route(asset.path, get(answer))
    })
}

impl Asset {
    fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.body.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }

    fn answer(&self, etag: &str, headers: &HeaderMap) -> Response {
        let common: [(HeaderName, &str); 5] = [
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "same-origin"),
            (CACHE_CONTROL, FRESH),
            (ETAG, etag),
        ];
        if is_held(headers, etag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        (common, [(CONTENT_TYPE, self.media_type)], self.body).into_response()
    }
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
