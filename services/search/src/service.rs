//! Answers `search.Search`.

use std::collections::HashSet;

use bellhop::client::passed_on;
use hotel_proto::{
    Channel,
    area::{Point, Radius},
    geo::{self, geo_client::GeoClient},
    limits::Limit,
    rate::{self, rate_client::RateClient},
    search::{NearbyRequest, SearchResult, search_server},
    stay::Stay,
    view::{Checked, Encoded, Found, HotelIds},
};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::{
    degraded::{self, Teller},
    matching::{self, Places},
};

/// The search service over its channels to geo and rate; a clone shares them.
#[derive(Clone, Debug)]
pub struct Search<G, R = G> {
    geo: GeoClient<G>,
    rate: RateClient<R>,
    teller: Teller,
}

/// Room for what was found in an answer, in bytes for each hotel: a little more than one of ours takes.
const FOUND_BYTES: usize = 144;

/// What was found.
#[derive(Debug)]
struct Answer {
    /// At most so many hotels.
    wanted: usize,
    ids: HotelIds,
    found: Encoded<100>,
    /// Whether rate failed on the way; hotels that it was not asked for then have no rate plan.
    degraded: bool,
}

impl Answer {
    fn new(wanted: Limit) -> Self {
        Self {
            wanted: wanted.get() as usize,
            ids: HotelIds::default(),
            found: Encoded::default(),
            degraded: false,
        }
    }

    /// Makes room for more hotels.
    fn expect(&mut self, hotels: usize) {
        let hotels = hotels.min(self.wanted - self.found.len());
        self.found.reserve(hotels * FOUND_BYTES);
    }

    /// Adds a hotel behind the others, unless there are enough.
    fn add(&mut self, hotel_id: Checked<'_>, distance_m: f32, rate_plan: &[u8]) {
        if self.found.len() == self.wanted {
            return;
        }
        let found = Found {
            hotel_id,
            distance_m,
            rate_plan,
        };
        self.ids.push_checked(hotel_id);
        found.push_on(&mut self.found);
    }
}

impl<G: Channel, R: Channel> Search<G, R> {
    /// Serves by asking geo and rate over these channels.
    pub fn new(geo: G, rate: R) -> Self {
        Self {
            geo: GeoClient::new(geo),
            rate: RateClient::new(rate),
            teller: Teller::default(),
        }
    }

    /// Tells failures of rate together with others that have the same teller.
    pub(crate) fn telling(self, teller: Teller) -> Self {
        Self { teller, ..self }
    }

    /// Looks further and further until enough hotels have a rate or geo has no more.
    async fn nearby(&self, query: &Query) -> Result<Answer, Status> {
        let wanted = query.limit.get();
        let mut answer = Answer::new(query.limit);
        let mut seen = HashSet::new();
        // A quarter more than wanted spares a second round where only some hotels are sold out.
        let mut ask = (wanted + wanted / 4).min(Limit::MAX_WIRE);
        loop {
            let places = self.places(query, ask).await?;
            let exhausted = places.ids().len() < ask as usize || ask == Limit::MAX_WIRE;
            // Not by position: the next answer may come from another instance, or from one that ignores the limit.
            let places = places.without(&seen);
            if places.ids().is_empty() {
                break;
            }
            answer.expect(places.ids().len());
            if !answer.degraded {
                answer.degraded = !self.add_priced(query, &places, &mut answer).await?;
            }
            if answer.degraded {
                places
                    .iter()
                    .for_each(|(id, metres)| answer.add(id, metres, &[]));
            }
            if exhausted || answer.found.len() == answer.wanted {
                break;
            }
            seen.extend(places.ids().iter().map(str::to_owned));
            ask = (ask * 2).min(Limit::MAX_WIRE);
        }
        Ok(answer)
    }

    async fn places(&self, query: &Query, limit: u32) -> Result<Places, Status> {
        let request = geo::Request {
            lat: query.centre.lat(),
            lon: query.centre.lon(),
            limit,
            radius_km: query.radius.km(),
        };
        let answer = self.geo.clone().nearby(request).await;
        let answer = answer.map_err(|status| passed_on("geo", &status))?;
        Ok(answer.into_inner().into())
    }

    /// Adds the places that have a rate plan; none, and `false`, where rate fails and the answer can do without it.
    async fn add_priced(
        &self,
        query: &Query,
        places: &Places,
        answer: &mut Answer,
    ) -> Result<bool, Status> {
        let request = rate::Request {
            hotel_ids: Some(places.ids().clone()),
            in_date: query.in_date.clone(),
            out_date: query.out_date.clone(),
        };
        let mut request = Request::new(request);
        if query.allow_degraded
            && let Some(patience) = degraded::patience(Instant::now())
        {
            request.set_timeout(patience);
        }
        let rates = self.rate.clone().get_rates(request).await;
        let added = rates.and_then(|rates| {
            let plans = rates.into_inner().rate_plans.unwrap_or_default();
            let plans = matching::plans(places.ids(), &plans)?;
            for ((id, metres), plan) in places.iter().zip(plans) {
                plan.iter().for_each(|plan| answer.add(id, metres, plan));
            }
            Ok(())
        });
        match added {
            Ok(()) => {
                self.teller.answered();
                Ok(true)
            }
            Err(status) if query.allow_degraded && !degraded::is_callers_fault(&status) => {
                self.teller.failed(&status);
                Ok(false)
            }
            Err(status) => Err(passed_on(degraded::RATE, &status)),
        }
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
        request: Request<NearbyRequest>,
    ) -> Result<Response<SearchResult>, Status> {
        let query = Query::try_from(request.into_inner())?;
        let Answer {
            ids,
            found,
            degraded,
            ..
        } = self.nearby(&query).await?;
        let mut answer = Response::new(SearchResult {
            hotel_ids: Some(ids),
            found: Some(found),
            degraded: Vec::new(),
        });
        if degraded {
            answer.get_mut().degraded = vec![degraded::RATE.to_owned()];
            answer.extensions_mut().insert(degraded::EVENT);
        }
        Ok(answer)
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
    allow_degraded: bool,
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
            allow_degraded: request.allow_degraded,
        })
    }
}

#[cfg(test)]
mod tests;
