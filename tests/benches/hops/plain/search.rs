//! The hotels around a point that have a rate for a stay.

use std::collections::HashMap;

use hotel_proto::limits::Limit;
use tonic::{Request, Response, Status, transport::Channel};

use super::proto::{
    geo::{self, geo_client::GeoClient},
    rate::{self, RatePlan, rate_client::RateClient},
    search::{Found, NearbyRequest, SearchResult, search_server},
};

pub(crate) struct Search {
    geo: GeoClient<Channel>,
    rate: RateClient<Channel>,
}

/// The service, ready to be served.
pub(crate) fn service(geo: Channel, rate: Channel) -> search_server::SearchServer<Search> {
    search_server::SearchServer::new(Search {
        geo: GeoClient::new(geo),
        rate: RateClient::new(rate),
    })
}

#[tonic::async_trait]
impl search_server::Search for Search {
    /// Asks for a quarter more than is wanted, for some may be sold out, and once.
    async fn nearby(
        &self,
        request: Request<NearbyRequest>,
    ) -> Result<Response<SearchResult>, Status> {
        let request = request.into_inner();
        let wanted = Limit::from_wire(request.limit)?.get();
        let near = geo::Request {
            lat: request.lat,
            lon: request.lon,
            limit: wanted + wanted / 4,
            radius_km: request.radius_km,
        };
        let near = self.geo.clone().nearby(near).await?.into_inner();

        let stay = rate::Request {
            hotel_ids: near.hotel_ids.clone(),
            in_date: request.in_date,
            out_date: request.out_date,
        };
        let plans = self.rate.clone().get_rates(stay).await?.into_inner();
        let plans = plans.rate_plans.into_iter();
        let mut plans: HashMap<String, RatePlan> =
            plans.map(|plan| (plan.hotel_id.clone(), plan)).collect();

        let places = near.hotel_ids.into_iter().zip(near.distances_m);
        let found = places.filter_map(|(hotel_id, distance_m)| {
            let rate_plan = Some(plans.remove(&hotel_id)?);
            Some(Found {
                hotel_id,
                distance_m,
                rate_plan,
            })
        });
        let found: Vec<Found> = found.take(wanted as usize).collect();
        let ids = found.iter().map(|found| found.hotel_id.clone());
        Ok(Response::new(SearchResult {
            hotel_ids: ids.collect(),
            found,
            degraded: Vec::new(),
        }))
    }
}
