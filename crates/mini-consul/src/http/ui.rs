//! `/ui/`: one page that shows what is registered, and follows it.

use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, header};

use super::{Routes, exact, moved};

const PAGE: &str = include_str!("ui/page.html");
const STYLE: &str = include_str!("ui/style.css");
const SCRIPT: &str = include_str!("ui/script.js");

/// The page asks this server and nobody else for anything, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = exact(routes, "/", get(|| async { moved("/ui/") }), "GET");
    let routes = exact(routes, "/ui", get(|| async { moved("/ui/") }), "GET");
    let routes = exact(
        routes,
        "/ui/",
        get(|| async { (headers(), Html(PAGE)) }),
        "GET",
    );
    let routes = exact(
        routes,
        "/ui/style.css",
        get(|| async { part("text/css; charset=utf-8", STYLE) }),
        "GET",
    );
    exact(
        routes,
        "/ui/script.js",
        get(|| async { part("text/javascript; charset=utf-8", SCRIPT) }),
        "GET",
    )
}

fn headers() -> [(HeaderName, &'static str); 4] {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // A new build of the registry on the same port shows its own page.
        (header::CACHE_CONTROL, "no-cache"),
    ]
}

fn part(kind: &'static str, text: &'static str) -> Response {
    (headers(), [(header::CONTENT_TYPE, kind)], text).into_response()
}
