//! Joins the mesh.

use bellhop::{Error, Mesh, Services, Serving, Shards};
use hotel_proto::FILE_DESCRIPTOR_SET;

use crate::{Search, degraded::Teller, service};

/// The service's name in the registry.
pub const NAME: &str = "search";

const GEO: &str = "geo";
const RATE: &str = "rate";

/// Serves as a member of the mesh, asking geo and rate over it.
///
/// # Errors
/// When the member cannot start.
pub async fn serve(mesh: &Mesh, shards: &Shards) -> Result<Serving, Error> {
    let teller = Teller::default();
    let app = move |mesh: &Mesh| {
        let channel = |service| mesh.channel(service).describe(FILE_DESCRIPTOR_SET);
        let search = Search::new(channel(GEO), channel(RATE)).telling(teller.clone());
        Services::new()
            .with(service(search))
            .describe(FILE_DESCRIPTOR_SET)
    };
    mesh.start_on(shards, app).await
}
