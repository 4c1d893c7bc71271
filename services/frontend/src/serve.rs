//! Joins the mesh.

use axum::{
    Router,
    extract::{MatchedPath, Request},
    middleware::{Next, from_fn},
    response::Response,
};
use bellhop::{
    App, Error, Mesh, Serving, Shards,
    context::Scope,
    overview::Overview,
    server::{HttpRoute, QueryParameters},
};
use hotel_proto::{FILE_DESCRIPTOR_SET, geo::geo_server, rate::rate_server};
use tokio::time::Instant;

use crate::{Frontend, MeshPage, Settings, query};

/// The service's name in the registry.
pub const NAME: &str = "frontend";

/// The routes whose requests are told apart in traces.
const ROUTES: [&str; 11] = [
    "/",
    "/hotels",
    "/mesh",
    "/mesh/events",
    "/mesh/traces",
    "/mesh/traces/{id}",
    "/mesh/faults/{instance}",
    "/mesh/faults/{instance}/stop",
    "/openapi.json",
    "/healthz",
    "/readyz",
];

/// Those whom the mesh page shows.
const SERVICES: [&str; 5] = [NAME, "search", "geo", "rate", "profile"];

/// Serves as a member of the mesh, asking search and profile over it. The trace of a request is the mesh's.
///
/// # Errors
/// When the member cannot start.
pub async fn serve(mesh: &Mesh, shards: &Shards, settings: Settings) -> Result<Serving, Error> {
    let has_page = settings.mesh_page != MeshPage::Off;
    let settings = Settings {
        trace_id,
        overview: has_page.then(|| Overview::new(mesh, SERVICES).with_traces_of(is_traced)),
        ..settings
    };
    let app = move |mesh: &Mesh| App::http(router(mesh, settings.clone()));
    mesh.start_on(shards, app).await
}

/// The requests whose traces are worth a look: not those of pages for their parts.
fn is_traced(path: &str) -> bool {
    path == "/hotels"
}

fn router(mesh: &Mesh, settings: Settings) -> Router {
    let deadline = settings.deadline;
    let channel = |service| mesh.channel(service).describe(FILE_DESCRIPTOR_SET);
    Frontend::new(channel("search"), channel("profile"), settings)
        .with_dependency("geo", geo_server::SERVICE_NAME, channel("geo"))
        .with_optional_dependency("rate", rate_server::SERVICE_NAME, channel("rate"))
        .router()
        .layer(from_fn(
            move |matched: Option<MatchedPath>, request: Request, next: Next| {
                // What the frontend waits for no longer, nobody behind it should go on with.
                let deadline = Some(Instant::now() + deadline);
                Scope {
                    deadline,
                    ..Scope::current()
                }
                .enter(tell_route(matched, next.run(request)))
            },
        ))
}

/// Tells the mesh which route a request took, for the name of its span, and what of its query is no secret.
async fn tell_route(
    matched: Option<MatchedPath>,
    answer: impl Future<Output = Response>,
) -> Response {
    let route = matched.and_then(|path| ROUTES.into_iter().find(|route| *route == path.as_str()));
    let mut response = answer.await;
    if let Some(route) = route {
        response.extensions_mut().insert(HttpRoute(route));
    }
    if route == Some("/hotels") {
        let known = QueryParameters(&query::NAMES);
        response.extensions_mut().insert(known);
    }
    response
}

fn trace_id() -> Option<String> {
    let span = Scope::current().span;
    span.is_valid().then(|| span.trace_id().to_string())
}
