//! Hotels: the HTTP frontend.
//!
//! [`Frontend`] is an axum router over gRPC channels:
//!
//! | path | answer |
//! |---|---|
//! | `/hotels` | the hotels around a point that have a rate for a stay, as GeoJSON |
//! | `/healthz` | 200 while the process lives |
//! | `/readyz` | 200 while everybody can be reached without whom there is no answer, else 503; it says who cannot |
//! | `/`, `/assets/…`, `/settings.json` | a page with a list and a map |
//! | `/openapi.json` | the description of all that |
//! | `/mesh`, `/mesh/events` | where that is switched on, a page that shows the mesh, live |
//!
//! Where rate fails, `/hotels` answers without prices, and the collection says `"degraded":["rate"]`.
//!
//! Every fault is `{"error":{"code","message","field"?}}`, and every answer carries `x-request-id` and `x-trace-id`.

mod chaos;
mod degraded;
mod error;
mod failures;
mod frontend;
mod geojson;
mod guard;
mod hotels;
mod identity;
mod json;
mod mesh_page;
mod page;
mod query;
mod readiness;
mod routed;
mod serve;
mod settings;

pub use self::{
    failures::Failures,
    frontend::Frontend,
    mesh_page::MeshPage,
    page::{Link, NoLink, Page, Tiles},
    serve::{NAME, serve},
    settings::Settings,
};
