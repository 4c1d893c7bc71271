//! Joins the mesh.

use axum::Router;
use bellhop::{App, Error, Mesh, Serving, Shards, context::Scope, overview::Overview};
use hotel_proto::{FILE_DESCRIPTOR_SET, geo::geo_server, rate::rate_server};
use tower::layer::layer_fn;

use crate::{Frontend, MeshPage, Settings, routed::Routed};

/// The service's name in the registry.
pub const NAME: &str = "frontend";

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
        .layer(layer_fn(move |route| Routed::new(route, deadline)))
}

fn trace_id() -> Option<String> {
    let span = Scope::current().span;
    span.is_valid().then(|| span.trace_id().to_string())
}
