//! Answers `search.Search`.

use std::collections::HashSet;

use hotel_proto::{
    Channel,
    area::{Point, Radius},
    geo::{self, geo_client::GeoClient},
    limits::Limit,
    rate::{self, RatePlan, rate_client::RateClient},
    search::{Found, NearbyRequest, SearchResult, search_server},
    stay::Stay,
};
use tonic::{Response, Status};

use crate::{
    matching::{self, Place},
    upstream,
};

/// The search service over its channels to geo and rate; a clone shares them.
#[derive(Clone, Debug)]
pub struct Search<G, R = G> {
    geo: GeoClient<G>,
    rate: RateClient<R>,
}

impl<G: Channel, R: Channel> Search<G, R> {
    /// Serves by asking geo and rate over these channels.
    pub fn new(geo: G, rate: R) -> Self {
        Self {
            geo: GeoClient::new(geo),
            rate: RateClient::new(rate),
        }
    }

    /// Looks further and further until enough hotels have a rate or geo has no more.
    async fn nearby(&self, query: &Query) -> Result<Vec<Found>, Status> {
        let wanted = query.limit.get();
        let mut found = Vec::with_capacity(wanted.min(64) as usize);
        let mut seen = HashSet::new();
        // A quarter more than wanted spares a second round where only some hotels are sold out.
        let mut ask = (wanted + wanted / 4).min(Limit::MAX_WIRE);
        loop {
            let mut places = self.places(query, ask).await?;
            let exhausted = places.len() < ask as usize || ask == Limit::MAX_WIRE;
            // Not by position: the next answer may come from another instance, or from one that ignores the limit.
            places.retain(|place| !seen.contains(&place.hotel_id));
            if places.is_empty() {
                break;
            }
            let plans = self.plans(query, &places).await?;
            let last = exhausted || found.len() + plans.iter().flatten().count() >= wanted as usize;
            if !last {
                seen.extend(places.iter().map(|place| place.hotel_id.clone()));
            }
            found.extend(places.into_iter().zip(plans).filter_map(with_rate));
            if last {
                break;
            }
            ask = (ask * 2).min(Limit::MAX_WIRE);
        }
        found.truncate(wanted as usize);
        Ok(found)
    }

    async fn places(&self, query: &Query, limit: u32) -> Result<Vec<Place>, Status> {
        let request = geo::Request {
            lat: query.centre.lat(),
            lon: query.centre.lon(),
            limit,
            radius_km: query.radius.km(),
        };
        let answer = self.geo.clone().nearby(request).await;
        let answer = answer.map_err(upstream::failed("geo"))?;
        Ok(matching::places(answer.into_inner()))
    }

    async fn plans(
        &self,
        query: &Query,
        places: &[Place],
    ) -> Result<Vec<Option<RatePlan>>, Status> {
        let request = rate::Request {
            hotel_ids: places.iter().map(|place| place.hotel_id.clone()).collect(),
            in_date: query.in_date.clone(),
            out_date: query.out_date.clone(),
        };
        let answer = self.rate.clone().get_rates(request).await;
        let answer = answer.map_err(upstream::failed("rate"))?;
        Ok(matching::plans(places, answer.into_inner().rate_plans))
    }
}

/// The gRPC service, ready to be served.
pub fn service<G: Channel, R: Channel>(
    search: Search<G, R>,
) -> search_server::SearchServer<Search<G, R>> {
    search_server::SearchServer::new(search)
}

#[tonic::async_trait]
impl<G: Channel, R: Channel> search_server::Search for Search<G, R> {
    async fn nearby(
        &self,
        request: tonic::Request<NearbyRequest>,
    ) -> Result<Response<SearchResult>, Status> {
        let query = Query::try_from(request.into_inner())?;
        let found = self.nearby(&query).await?;
        Ok(Response::new(SearchResult {
            hotel_ids: found.iter().map(|hotel| hotel.hotel_id.clone()).collect(),
            found,
        }))
    }
}

/// A request that has been checked, so that a bad one costs no other service anything.
#[derive(Debug)]
struct Query {
    centre: Point,
    radius: Radius,
    limit: Limit,
    in_date: String,
    out_date: String,
}

impl TryFrom<NearbyRequest> for Query {
    type Error = hotel_proto::Invalid;

    fn try_from(request: NearbyRequest) -> Result<Self, Self::Error> {
        Stay::parse(&request.in_date, &request.out_date)?;
        Ok(Self {
            centre: Point::try_new(request.lat, request.lon)?,
            radius: Radius::from_wire(request.radius_km)?,
            limit: Limit::from_wire(request.limit)?,
            in_date: request.in_date,
            out_date: request.out_date,
        })
    }
}

fn with_rate((place, plan): (Place, Option<RatePlan>)) -> Option<Found> {
    Some(Found {
        hotel_id: place.hotel_id,
        distance_m: place.distance_m,
        rate_plan: Some(plan?),
    })
}

#[cfg(test)]
mod tests;
