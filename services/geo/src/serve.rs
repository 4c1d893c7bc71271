//! Joins the mesh.

use bellhop::{Error, Mesh, Services, Serving, Shards};
use hotel_proto::FILE_DESCRIPTOR_SET;

use crate::{Geo, service};

/// The service's name in the registry.
pub const NAME: &str = "geo";

/// Serves as a member of the mesh.
///
/// # Errors
/// When the member cannot start.
pub async fn serve(mesh: &Mesh, shards: &Shards, geo: Geo) -> Result<Serving, Error> {
    let app = |_: &Mesh| {
        Services::new()
            .with(service(geo.clone()))
            .describe(FILE_DESCRIPTOR_SET)
    };
    mesh.start_on(shards, app).await
}
