//! Answers `geo.Geo`.

use std::sync::Arc;

use hotel_proto::{
    area::{Point, Radius},
    geo::{Request, Result as Answer, geo_server},
    limits::Limit,
    view::HotelIds,
};
use tonic::{Response, Status};

use crate::Index;

/// The geo service; a clone shares the index.
#[derive(Clone, Debug)]
pub struct Geo {
    index: Arc<Index>,
}

impl Geo {
    /// Serves from an index.
    pub fn new(index: Index) -> Self {
        Self {
            index: Arc::new(index),
        }
    }
}

/// The gRPC service, ready to be served.
pub fn service(geo: Geo) -> geo_server::GeoServer<Geo> {
    geo_server::GeoServer::new(geo)
}

#[tonic::async_trait]
impl geo_server::Geo for Geo {
    async fn nearby(&self, request: tonic::Request<Request>) -> Result<Response<Answer>, Status> {
        let Request {
            lat,
            lon,
            limit,
            radius_km,
        } = request.into_inner();
        let centre = Point::try_new(lat, lon)?;
        let radius = Radius::from_wire(radius_km)?;
        let limit = Limit::from_wire(limit)?;

        let found = self.index.nearest(centre, radius, limit);
        let bytes = found.iter().map(|near| near.id.len()).sum();
        let mut hotel_ids = HotelIds::with_capacity(found.len(), bytes);
        found.iter().for_each(|near| hotel_ids.push(near.id));
        Ok(Response::new(Answer {
            hotel_ids: Some(hotel_ids),
            distances_m: found.iter().map(|near| near.metres as f32).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use hotel_proto::geo::geo_client::GeoClient;

    use super::*;

    const CENTRE: Request = Request {
        lat: 37.7749,
        lon: -122.4194,
        limit: 0,
        radius_km: 0.0,
    };

    fn ids(answer: &Answer) -> Vec<&str> {
        answer.hotel_ids.iter().flatten().collect()
    }

    async fn ask(request: Request) -> Result<Answer, Status> {
        let geo = Geo::new(Index::embedded().unwrap());
        let answer = GeoClient::new(service(geo)).nearby(request).await?;
        Ok(answer.into_inner())
    }

    #[tokio::test]
    async fn the_city_centre_is_nearest_to_the_phoenix_then_the_zetta() {
        let answer = ask(CENTRE).await.unwrap();
        assert_eq!(ids(&answer)[..2], ["5", "3"]);
        assert_eq!(answer.distances_m[0].round(), 919.0);
        assert_eq!((ids(&answer).len(), answer.distances_m.len()), (16, 16));
    }

    #[tokio::test]
    async fn limit_and_radius_cut() {
        let two = Request { limit: 2, ..CENTRE };
        assert_eq!(ids(&ask(two).await.unwrap()), ["5", "3"]);
        let close = Request {
            radius_km: 1.0,
            ..CENTRE
        };
        assert_eq!(ids(&ask(close).await.unwrap()), ["5"]);
        let pole = Request {
            lat: 90.0,
            ..CENTRE
        };
        assert_eq!(ask(pole).await.unwrap(), Answer::default());
    }

    #[tokio::test]
    async fn a_bad_request_names_its_field() {
        for (field, request) in [
            (
                "lat",
                Request {
                    lat: 91.0,
                    ..CENTRE
                },
            ),
            (
                "lon",
                Request {
                    lon: f32::NAN,
                    ..CENTRE
                },
            ),
            (
                "limit",
                Request {
                    limit: 1001,
                    ..CENTRE
                },
            ),
            (
                "radiusKm",
                Request {
                    radius_km: -1.0,
                    ..CENTRE
                },
            ),
        ] {
            let status = ask(request).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(
                status.message().starts_with(&format!("{field}: expected ")),
                "{status}"
            );
        }
    }
}
