use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bellhop::context::Scope;
use hotel_proto::{
    geo::geo_server::{self, GeoServer},
    rate::rate_server::{self, RateServer},
    search::search_client::SearchClient,
    view::RatePlan,
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
            hotel_ids: Some(numbers(0..count).into_iter().collect()),
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
    /// Fails from this call on.
    well_for: usize,
    /// Says nothing until its time is over.
    hangs: bool,
    asked: Arc<Mutex<Vec<usize>>>,
}

impl FakeRate {
    fn new(free: fn(u32) -> bool) -> Self {
        Self {
            free,
            backwards: false,
            fails: None,
            well_for: 0,
            hangs: false,
            asked: Arc::default(),
        }
    }
}

/// Waits as long as a caller said that it would, as the mesh's channels do on its behalf.
async fn hang(request: &Request<rate::Request>) -> Status {
    let timeout = request.metadata().get("grpc-timeout");
    let Some(timeout) = timeout.map(|timeout| timeout.to_str().unwrap()) else {
        return std::future::pending().await;
    };
    let (number, unit) = timeout.split_at(timeout.len() - 1);
    let one = match unit {
        "n" => Duration::from_nanos(1),
        "u" => Duration::from_micros(1),
        _ => Duration::from_millis(1),
    };
    tokio::time::sleep(one * number.parse().unwrap()).await;
    Status::deadline_exceeded("no answer")
}

#[tonic::async_trait]
impl rate_server::Rate for FakeRate {
    async fn get_rates(
        &self,
        request: Request<rate::Request>,
    ) -> Result<Response<rate::Result>, Status> {
        let asked = {
            let mut asked = self.asked.lock().unwrap();
            let ids = &request.get_ref().hotel_ids;
            asked.push(ids.iter().flatten().count());
            asked.len()
        };
        if self.hangs {
            return Err(hang(&request).await);
        }
        if let Some(code) = self.fails.filter(|_| asked > self.well_for) {
            return Err(Status::new(code, "no prices"));
        }
        let request = request.into_inner();
        let free = request
            .hotel_ids
            .iter()
            .flatten()
            .filter(|id| (self.free)(id.parse().unwrap()));
        let mut plans: Vec<_> = free
            .map(|hotel_id| RatePlan {
                hotel_id,
                in_date: &request.in_date,
                out_date: &request.out_date,
                ..RatePlan::default()
            })
            .collect();
        if self.backwards {
            plans.reverse();
        }
        let mut rate_plans = Encoded::default();
        plans.iter().for_each(|plan| plan.push_on(&mut rate_plans));
        Ok(Response::new(rate::Result {
            rate_plans: Some(rate_plans),
        }))
    }
}

fn request(limit: u32) -> NearbyRequest {
    NearbyRequest {
        lat: 37.7749,
        lon: -122.4194,
        in_date: "2015-04-09".into(),
        out_date: "2015-04-10".into(),
        limit,
        ..NearbyRequest::default()
    }
}

/// The same from a caller who can do without prices.
fn lenient(limit: u32) -> NearbyRequest {
    NearbyRequest {
        allow_degraded: true,
        ..request(limit)
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

fn ids(answer: &SearchResult) -> Vec<&str> {
    answer.hotel_ids.iter().flatten().collect()
}

fn found(answer: &SearchResult) -> Vec<Found<'_, &str>> {
    let found = answer.found.iter().flatten().map(Found::<&str>::read);
    found.collect::<Result<_, _>>().unwrap()
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
        assert_eq!(ids(&answer), numbers([1, 2, 4, 5, 7, 8]));
        let found = found(&answer);
        let near = found.iter().map(|hotel| (hotel.hotel_id, hotel.distance_m));
        let near: Vec<_> = near.take(3).collect();
        assert_eq!(near, [("1", 10.0), ("2", 20.0), ("4", 40.0)]);
        for hotel in found {
            let plan = RatePlan::<&str>::read(hotel.rate_plan).unwrap();
            assert_eq!(
                (plan.hotel_id, plan.out_date),
                (hotel.hotel_id, "2015-04-10")
            );
        }
    }
}

#[tokio::test]
async fn one_round_is_enough_when_few_hotels_are_sold_out() {
    let (geo, rate) = (geo_with(500), FakeRate::new(|n| n % 10 != 0));
    let answer = ask(&geo, &rate, request(20)).await.unwrap();
    assert_eq!(ids(&answer).len(), 20);
    assert_eq!(*geo.asked.lock().unwrap(), [25]);
    assert_eq!(*rate.asked.lock().unwrap(), [25]);
}

#[tokio::test]
async fn looks_further_past_hotels_that_are_sold_out() {
    let (geo, rate) = (geo_with(500), FakeRate::new(|n| n >= 60));
    let answer = ask(&geo, &rate, request(20)).await.unwrap();
    assert_eq!(ids(&answer), numbers(60..80));
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
    assert_eq!(ids(&answer), ["28"]);
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
        ids(&answer),
        numbers(0..5),
        "the limit is kept on its behalf"
    );
    assert!(found(&answer).iter().all(|hotel| hotel.distance_m == 0.0));

    // It answers the same whatever the limit: the second answer holds nothing new and ends the search.
    let last = FakeRate::new(|n| n == 19);
    let answer = ask(&old, &last, request(10)).await.unwrap();
    assert_eq!(ids(&answer), ["19"]);
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
async fn a_geo_that_is_overloaded_is_no_failure_of_search() {
    let (mut geo, rate) = (geo_with(3), FakeRate::new(|_| true));
    geo.fails = Some(Code::ResourceExhausted);
    let status = ask(&geo, &rate, request(0)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::ResourceExhausted, "geo: no map")
    );
    assert_eq!(
        status.metadata().get("bellhop-refused").unwrap(),
        "upstream"
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

#[tokio::test]
async fn without_rate_there_are_hotels_without_prices() {
    let (geo, mut rate) = (geo_with(500), FakeRate::new(|_| true));
    for code in [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::ResourceExhausted,
        Code::Internal,
        Code::Unknown,
        Code::Cancelled,
        Code::Unimplemented,
    ] {
        rate.fails = Some(code);
        let answer = ask(&geo, &rate, lenient(20)).await.unwrap();
        assert_eq!(answer.degraded, ["rate"], "{code:?}");
        assert_eq!(ids(&answer), numbers(0..20), "{code:?}");
        let found = found(&answer);
        assert!(found.iter().all(|hotel| hotel.rate_plan.is_empty()));
        assert_eq!(found[2].distance_m, 20.0);
    }
}

#[tokio::test]
async fn who_does_not_ask_for_it_gets_no_degraded_answer() {
    let (geo, mut rate) = (geo_with(3), FakeRate::new(|_| true));
    rate.fails = Some(Code::Unavailable);
    let status = ask(&geo, &rate, request(0)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "rate: no prices")
    );
}

#[tokio::test]
async fn a_whole_answer_says_nothing_of_degraded() {
    let (geo, rate) = (geo_with(3), FakeRate::new(|_| true));
    let answer = ask(&geo, &rate, lenient(0)).await.unwrap();
    assert_eq!(answer, ask(&geo, &rate, request(0)).await.unwrap());
    assert!(answer.degraded.is_empty());
}

#[tokio::test]
async fn what_the_caller_did_wrong_stays_a_fault() {
    let (geo, mut rate) = (geo_with(3), FakeRate::new(|_| true));
    rate.fails = Some(Code::InvalidArgument);
    let status = ask(&geo, &rate, lenient(0)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn without_geo_there_is_nothing_to_show() {
    let (mut geo, mut rate) = (geo_with(3), FakeRate::new(|_| true));
    (geo.fails, rate.fails) = (Some(Code::Unavailable), Some(Code::Unavailable));
    let status = ask(&geo, &rate, lenient(0)).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "geo: no map")
    );
}

#[tokio::test]
async fn prices_that_are_known_are_kept() {
    // The first 25 hotels are sold out but for two; then rate fails.
    let (geo, mut rate) = (geo_with(500), FakeRate::new(|n| n < 2));
    (rate.fails, rate.well_for) = (Some(Code::Unavailable), 1);
    let answer = ask(&geo, &rate, lenient(20)).await.unwrap();
    assert_eq!(answer.degraded, ["rate"]);
    assert_eq!(ids(&answer), numbers((0..2).chain(25..43)));
    let found = found(&answer);
    let priced = found.iter().filter(|hotel| !hotel.rate_plan.is_empty());
    assert_eq!(priced.count(), 2);
    assert_eq!(rate.asked.lock().unwrap().len(), 2, "it is not asked again");
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_hangs_leaves_time_for_the_answer() {
    let (geo, mut rate) = (geo_with(30), FakeRate::new(|_| true));
    rate.hangs = true;
    let start = Instant::now();
    let scope = Scope {
        deadline: Some(start + Duration::from_secs(5)),
        ..Scope::default()
    };
    let answer = scope.enter(ask(&geo, &rate, lenient(5))).await.unwrap();
    assert_eq!(answer.degraded, ["rate"]);
    assert_eq!(ids(&answer), numbers(0..5));
    assert_eq!(start.elapsed().as_secs(), 3, "of five seconds");
}
