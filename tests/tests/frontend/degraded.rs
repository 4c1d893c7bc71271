use axum::http::StatusCode;
use bellhop::server::SpanEvent;
use hotel_proto::search::SearchResult;
use serde_json::Value;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::support::{
    Answer, EXAMPLE, Finds, failing, get, over, real, real_geo, real_profile, real_rate,
    real_search, search_over, silent,
};

fn ids(answer: &Answer) -> Vec<String> {
    let body: Value = answer.json();
    let features = body["features"].as_array().unwrap();
    let id = |feature: &Value| feature["id"].as_str().unwrap().to_owned();
    features.iter().map(id).collect()
}

#[tokio::test]
async fn without_rate_there_are_hotels_without_prices() {
    for code in [
        Code::Unavailable,
        Code::DeadlineExceeded,
        Code::ResourceExhausted,
        Code::Internal,
        Code::Unknown,
    ] {
        let search = search_over(real_geo(), failing(Status::new(code, "no prices")));
        let answer = get(&over(search, real_profile()), EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::OK, "{code:?}");
        assert_eq!(answer.header("content-type"), "application/geo+json");

        let start = r#"{"type":"FeatureCollection","degraded":["rate"],"features":[{"#;
        assert!(answer.body.starts_with(start), "{}", answer.body);
        assert_eq!(ids(&answer)[..2], ["5", "3"]);
        let body: Value = answer.json();
        for feature in body["features"].as_array().unwrap() {
            let known = &feature["properties"];
            assert!(known["price"].is_null(), "{known}");
            assert!(known["name"].is_string() && known["distance_m"].is_number());
        }
    }
}

#[tokio::test]
async fn a_whole_answer_says_nothing_of_it() {
    let body: Value = get(&real(), EXAMPLE).await.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "type and features");
}

#[tokio::test]
async fn nothing_near_is_not_degraded() {
    let search = search_over(real_geo(), failing(Status::unavailable("")));
    let router = over(search, real_profile());
    let answer = get(&router, &format!("{EXAMPLE}&lat=0&lon=0")).await;
    assert_eq!(answer.body, r#"{"type":"FeatureCollection","features":[]}"#);
}

#[tokio::test]
async fn geo_profile_and_search_cannot_be_done_without() {
    let down = || failing(Status::unavailable("nobody is there"));
    for (router, message) in [
        (
            over(search_over(down(), real_rate()), real_profile()),
            "search: geo: nobody is there",
        ),
        (
            over(search_over(down(), down()), real_profile()),
            "search: geo: nobody is there",
        ),
        (
            over(search_over(real_geo(), down()), down()),
            "profile: nobody is there",
        ),
        (over(down(), real_profile()), "search: nobody is there"),
    ] {
        let answer = get(&router, EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.header("retry-after"), "1");
        let error = &answer.json::<Value>()["error"];
        assert_eq!(error["code"], "UNAVAILABLE");
        assert_eq!(error["message"], message);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_hangs() {
    for router in [
        over(search_over(silent(), real_rate()), real_profile()),
        over(silent(), real_profile()),
        over(real_search(), silent()),
    ] {
        let answer = get(&router, EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
    }
}

#[tokio::test]
async fn the_span_is_told_of_it() {
    let event = async |search| {
        let router = over(search, real_profile());
        let request = axum::http::Request::get(EXAMPLE);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        response
            .extensions()
            .get()
            .map(|SpanEvent(name)| name.to_string())
    };
    let finds = |degraded: &[&str]| {
        let result = SearchResult {
            degraded: degraded.iter().map(|name| name.to_string()).collect(),
            ..SearchResult::default()
        };
        Finds(result).channel()
    };
    assert_eq!(event(finds(&["rate"])).await.as_deref(), Some("degraded"));
    assert_eq!(event(finds(&[])).await, None);
}
