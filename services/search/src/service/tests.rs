use std::sync::{Arc, Mutex};

use hotel_proto::{
    geo::geo_server::{self, GeoServer},
    rate::rate_server::{self, RateServer},
    search::search_client::SearchClient,
};
use tonic::{Code, Request};

use super::*;

/// A geo with hotels `0`, `1`, … ten metres apart; it notes the limits it is asked for.
#[derive(Clone, Default)]
struct FakeGeo {
    hotels: u32,
    /// Knows no added field, and answers this many hotels at most.
    old: Option<u32>,
    fails: Option<Code>,
    asked: Arc<Mutex<Vec<u32>>>,
}

#[tonic::async_trait]
impl geo_server::Geo for FakeGeo {
    async fn nearby(
        &self,
        request: Request<geo::Request>,
    ) -> Result<Response<geo::Result>, Status> {
        let limit = request.into_inner().limit;
        self.asked.lock().unwrap().push(limit);
        if let Some(code) = self.fails {
            return Err(Status::new(code, "no map"));
        }
        let count = self.hotels.min(self.old.unwrap_or(limit));
        let metres = (0..count).map(|n| n as f32 * 10.0);
        Ok(Response::new(geo::Result {
            hotel_ids: (0..count).map(|n| n.to_string()).collect(),
            distances_m: if self.old.is_some() {
                vec![]
            } else {
                metres.collect()
            },
        }))
    }
}

/// A rate that is sold out for the hotels it is told; it notes how many hotels it is asked for.
#[derive(Clone)]
struct FakeRate {
    free: fn(u32) -> bool,
    /// Answers in the opposite order.
    backwards: bool,
    fails: Option<Code>,
    asked: Arc<Mutex<Vec<usize>>>,
}

impl FakeRate {
    fn new(free: fn(u32) -> bool) -> Self {
        Self {
            free,
            backwards: false,
            fails: None,
            asked: Arc::default(),
        }
    }
}

#[tonic::async_trait]
impl rate_server::Rate for FakeRate {
    async fn get_rates(
        &self,
        request: Request<rate::Request>,
    ) -> Result<Response<rate::Result>, Status> {
        let request = request.into_inner();
        self.asked.lock().unwrap().push(request.hotel_ids.len());
        if let Some(code) = self.fails {
            return Err(Status::new(code, "no prices"));
        }
        let free = request
            .hotel_ids
            .into_iter()
            .filter(|id| (self.free)(id.parse().unwrap()));
        let mut rate_plans: Vec<_> = free
            .map(|hotel_id| RatePlan {
                hotel_id,
                in_date: request.in_date.clone(),
                out_date: request.out_date.clone(),
                ..RatePlan::default()
            })
            .collect();
        if self.backwards {
            rate_plans.reverse();
        }
        Ok(Response::new(rate::Result { rate_plans }))
    }
}

fn request(limit: u32) -> NearbyRequest {
    NearbyRequest {
        lat: 37.7749,
        lon: -122.4194,
        in_date: "2015-04-09".into(),
        out_date: "2015-04-10".into(),
        limit,
        radius_km: 0.0,
    }
}

async fn ask(
    geo: &FakeGeo,
    rate: &FakeRate,
    request: NearbyRequest,
) -> Result<SearchResult, Status> {
    let search = Search::new(GeoServer::new(geo.clone()), RateServer::new(rate.clone()));
    let answer = SearchClient::new(service(search)).nearby(request).await?;
    Ok(answer.into_inner())
}

fn geo_with(hotels: u32) -> FakeGeo {
    FakeGeo {
        hotels,
        ..FakeGeo::default()
    }
}

fn numbers(ids: impl IntoIterator<Item = u32>) -> Vec<String> {
    ids.into_iter().map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn the_order_is_that_of_geo() {
    let (geo, mut rate) = (geo_with(9), FakeRate::new(|n| n % 3 != 0));
    for backwards in [false, true] {
        rate.backwards = backwards;
        let answer = ask(&geo, &rate, request(0)).await.unwrap();
        assert_eq!(answer.hotel_ids, numbers([1, 2, 4, 5, 7, 8]));
        let found: Vec<_> = answer
            .found
            .iter()
            .map(|hotel| (&*hotel.hotel_id, hotel.distance_m))
            .collect();
        assert_eq!(found[..3], [("1", 10.0), ("2", 20.0), ("4", 40.0)]);
        for hotel in &answer.found {
            let plan = hotel.rate_plan.as_ref().unwrap();
            assert_eq!(
                (&plan.hotel_id, &*plan.out_date),
                (&hotel.hotel_id, "2015-04-10")
            );
        }
    }
}

#[tokio::test]
async fn one_round_is_enough_when_few_hotels_are_sold_out() {
    let (geo, rate) = (geo_with(500), FakeRate::new(|n| n % 10 != 0));
    let answer = ask(&geo, &rate, request(20)).await.unwrap();
    assert_eq!(answer.hotel_ids.len(), 20);
    assert_eq!(*geo.asked.lock().unwrap(), [25]);
    assert_eq!(*rate.asked.lock().unwrap(), [25]);
}

#[tokio::test]
async fn looks_further_past_hotels_that_are_sold_out() {
    let (geo, rate) = (geo_with(500), FakeRate::new(|n| n >= 60));
    let answer = ask(&geo, &rate, request(20)).await.unwrap();
    assert_eq!(answer.hotel_ids, numbers(60..80));
    assert_eq!(*geo.asked.lock().unwrap(), [25, 50, 100]);
    assert_eq!(
        *rate.asked.lock().unwrap(),
        [25, 25, 50],
        "no hotel is priced twice"
    );
}

#[tokio::test]
async fn stops_when_geo_has_no_more() {
    let (geo, rate) = (geo_with(30), FakeRate::new(|n| n == 28));
    let answer = ask(&geo, &rate, request(20)).await.unwrap();
    assert_eq!(answer.hotel_ids, ["28"]);
    assert_eq!(*geo.asked.lock().unwrap(), [25, 50]);
}

#[tokio::test]
async fn stops_at_the_most_that_geo_may_answer() {
    let (geo, rate) = (geo_with(5000), FakeRate::new(|_| false));
    let answer = ask(&geo, &rate, request(100)).await.unwrap();
    assert_eq!(answer, SearchResult::default());
    assert_eq!(*geo.asked.lock().unwrap(), [125, 250, 500, 1000]);
    assert_eq!(rate.asked.lock().unwrap().iter().sum::<usize>(), 1000);
}

#[tokio::test]
async fn an_older_geo_still_serves() {
    let old = FakeGeo {
        hotels: 100,
        old: Some(20),
        ..FakeGeo::default()
    };
    let all = FakeRate::new(|_| true);
    let answer = ask(&old, &all, request(5)).await.unwrap();
    assert_eq!(
        answer.hotel_ids,
        numbers(0..5),
        "the limit is kept on its behalf"
    );
    assert!(answer.found.iter().all(|hotel| hotel.distance_m == 0.0));

    // It answers the same whatever the limit: the second answer holds nothing new and ends the search.
    let last = FakeRate::new(|n| n == 19);
    let answer = ask(&old, &last, request(10)).await.unwrap();
    assert_eq!(answer.hotel_ids, ["19"]);
    assert_eq!(*last.asked.lock().unwrap(), [20]);
}

#[tokio::test]
async fn without_hotels_there_is_no_call_of_rate() {
    let (geo, rate) = (geo_with(0), FakeRate::new(|_| true));
    let answer = ask(&geo, &rate, request(0)).await.unwrap();
    assert_eq!(answer, SearchResult::default());
    assert!(rate.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_names_its_service_and_keeps_its_code() {
    let (mut geo, mut rate) = (geo_with(3), FakeRate::new(|_| true));
    rate.fails = Some(Code::DeadlineExceeded);
    let status = ask(&geo, &rate, request(0)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DeadlineExceeded, "rate: no prices")
    );

    geo.fails = Some(Code::Unavailable);
    let status = ask(&geo, &rate, request(0)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "geo: no map")
    );
}

#[tokio::test]
async fn a_bad_request_names_its_field_and_asks_nobody() {
    let (geo, rate) = (geo_with(3), FakeRate::new(|_| true));
    let bad = |change: fn(&mut NearbyRequest)| {
        let mut request = request(0);
        change(&mut request);
        request
    };
    for (field, request) in [
        ("lat", bad(|r| r.lat = f32::NAN)),
        ("lon", bad(|r| r.lon = 181.0)),
        ("inDate", bad(|r| r.in_date.clear())),
        ("outDate", bad(|r| r.out_date = "2015-06-01".into())),
        ("limit", bad(|r| r.limit = 1001)),
        ("radiusKm", bad(|r| r.radius_km = 51.0)),
    ] {
        let status = ask(&geo, &rate, request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(
            status.message().starts_with(&format!("{field}: expected ")),
            "{status}"
        );
    }
    assert!(geo.asked.lock().unwrap().is_empty());
}
