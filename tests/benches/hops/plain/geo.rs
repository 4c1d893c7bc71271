//! Where hotels are.

use std::sync::Arc;

use geo::Index;
use hotel_proto::{
    area::{Point, Radius},
    limits::Limit,
};
use tonic::{Request, Response, Status};

use super::proto::geo::{self as proto, geo_server};
use crate::Failure;

pub(crate) struct Geo {
    index: Arc<Index>,
}

/// The service, ready to be served.
pub(crate) fn service() -> Result<geo_server::GeoServer<Geo>, Failure> {
    let index = Arc::new(Index::embedded()?);
    Ok(geo_server::GeoServer::new(Geo { index }))
}

#[tonic::async_trait]
impl geo_server::Geo for Geo {
    async fn nearby(
        &self,
        request: Request<proto::Request>,
    ) -> Result<Response<proto::Result>, Status> {
        let request = request.into_inner();
        let centre = Point::try_new(request.lat, request.lon)?;
        let radius = Radius::from_wire(request.radius_km)?;
        let limit = Limit::from_wire(request.limit)?;
        let found = self.index.nearest(centre, radius, limit);
        Ok(Response::new(proto::Result {
            hotel_ids: found.iter().map(|near| near.id.to_owned()).collect(),
            distances_m: found.iter().map(|near| near.metres as f32).collect(),
        }))
    }
}
