//! The page that shows the mesh, and the stream of pictures that it draws.

use std::{convert::Infallible, net::IpAddr};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, HOST},
        uri::Authority,
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use bellhop::overview::{NoTrace, Overview, Watcher};
use futures_util::stream;

use crate::{Page, chaos, error::Fault, page};

/// Who may look at the mesh page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshPage {
    /// Nobody: there is none.
    #[default]
    Off,
    /// Whoever asks by an address or as `localhost`, so that no page of a stranger does by way of a browser.
    ThisHost,
    /// Everybody who can ask the frontend.
    Everybody,
}

/// The routes of the page, where there is one.
pub(crate) fn router(
    who: MeshPage,
    overview: Option<&Overview>,
    page: &Page,
    allow_chaos: bool,
) -> Router {
    let Some(overview) = overview.filter(|_| who != MeshPage::Off) else {
        return Router::new();
    };
    let router = Router::new()
        .route("/mesh/events", get(events))
        .route("/mesh/traces", get(traces))
        .route("/mesh/traces/{id}", get(trace))
        .with_state(overview.clone())
        .merge(page::mesh(page));
    let router = match allow_chaos {
        true => router.merge(chaos::router(overview)),
        false => router,
    };
    match who {
        MeshPage::ThisHost => router.layer(from_fn(asked_by_address)),
        _ => router,
    }
}

/// Pictures as server-sent events, until the caller leaves or this member does.
async fn events(State(overview): State<Overview>) -> Response {
    let watcher = match overview.watch() {
        Ok(watcher) => watcher,
        Err(too_many) => return Fault::busy(too_many.to_string()).into_response(),
    };
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // nginx keeps an answer back until there is much of it.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    let body = Body::from_stream(stream::unfold(watcher, next));
    (headers, body).into_response()
}

/// The last requests, those that are kept.
async fn traces(State(overview): State<Overview>) -> Response {
    json(overview.traces())
}

/// All that is kept of one of them.
async fn trace(State(overview): State<Overview>, Path(id): Path<String>) -> Response {
    match overview.trace(&id).await {
        Ok(trace) => json(trace),
        Err(why @ NoTrace::TooMany) => Fault::busy(why.to_string()).into_response(),
        Err(why) => Fault::unknown(why.to_string()).into_response(),
    }
}

pub(crate) fn json(body: Bytes) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

async fn next(mut watcher: Watcher) -> Option<(Result<Vec<u8>, Infallible>, Watcher)> {
    let picture = watcher.next().await?;
    let event = [b"data: ", &*picture, b"\n\n"].concat();
    Some((Ok(event), watcher))
}

/// A name that a stranger owns may lead to this host, and a browser then takes it for the stranger's.
pub(crate) async fn asked_by_address(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    if host.is_none_or(is_address) {
        return next.run(request).await;
    }
    Fault::forbidden("ask by an address, or as localhost").into_response()
}

fn is_address(host: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(host) else {
        return false;
    };
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_names_are_no_addresses() {
        for host in ["127.0.0.1:5000", "[::1]:5000", "LocalHost", "10.0.0.1"] {
            assert!(is_address(host.as_bytes()), "{host}");
        }
        for host in [
            "evil.example:5000",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
        ] {
            assert!(!is_address(host.as_bytes()), "{host}");
        }
    }
}
