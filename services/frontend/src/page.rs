//! Serves the page: files that are part of the program, under a policy that lets it ask nobody else unless it was told to.

use std::future::ready;

use axum::{
    Json, Router,
    extract::State,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::map_response_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use self::assets::{ASSETS, Tags};
pub use self::links::{Link, NoLink, Page, Tiles};

mod assets;
mod encoding;
mod links;
#[cfg(test)]
mod tests;

/// Where the page is.
const START: &str = "/";
/// Where the one is that shows the mesh.
const MESH: &str = "/mesh";

/// The route of the page itself.
pub(crate) fn router(page: &Page) -> Router {
    guard(files(|path| path == START), page)
}

/// The route of the page that shows the mesh.
pub(crate) fn mesh(page: &Page) -> Router {
    guard(files(|path| path == MESH), page)
}

/// The routes of what the pages are made of, and of what it is told besides.
pub(crate) fn parts(page: &Page, has_mesh: bool, chaos: bool) -> Router {
    let told = Told {
        chaos,
        ..Told::new(page, has_mesh)
    };
    let settings = move || {
        let answer = ([(CACHE_CONTROL, "no-cache")], Json(told.clone()));
        ready(answer.into_response())
    };
    let parts = files(|path| ![START, MESH].contains(&path));
    guard(parts.route("/settings.json", get(settings)), page)
}

fn files(which: fn(&str) -> bool) -> Router {
    let files = ASSETS.iter().filter(|asset| which(asset.path));
    files.fold(Router::new(), |router, asset| {
        let tags = Tags::default();
        let answer = move |headers: HeaderMap| ready(asset.answer(&tags, &headers));
        router.route(asset.path, get(answer))
    })
}

fn guard(router: Router, page: &Page) -> Router {
    router.layer(map_response_with_state(policy(page), guarded))
}

/// Nothing but what this server serves: no inline script or style, no frame around the page. Pictures that the page makes
/// itself are the map's.
fn policy(page: &Page) -> HeaderValue {
    let tiles = page.tiles.as_ref().map(|tiles| tiles.url.origin());
    let (space, origin) = tiles.map_or(("", ""), |origin| (" ", origin));
    let policy = format!(
        "default-src 'self'; img-src 'self' data: blob:{space}{origin}; connect-src 'self'{space}{origin}; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    );
    HeaderValue::from_str(&policy).expect("an origin is checked to be plain ASCII")
}

async fn guarded(State(policy): State<HeaderValue>, mut response: Response) -> Response {
    const OTHERS: [(HeaderName, &str); 2] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
    ];
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.extend(OTHERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// What the page is told of how this frontend was started.
#[derive(Clone, Serialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    jaeger: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tiles: Option<ToldTiles>,
    /// Whether there is a page that shows the mesh.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mesh: bool,
    /// Whether faults can be asked for there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    chaos: bool,
}

#[derive(Clone, Serialize)]
struct ToldTiles {
    kind: &'static str,
    url: Link,
    attribution: String,
}

impl Told {
    fn new(page: &Page, mesh: bool) -> Self {
        let tiles = page.tiles.as_ref().map(|tiles| ToldTiles {
            kind: if tiles.is_raster() { "raster" } else { "style" },
            url: tiles.url.clone(),
            attribution: tiles.attribution(),
        });
        Self {
            jaeger: page.jaeger.clone(),
            tiles,
            mesh,
            chaos: false,
        }
    }
}
