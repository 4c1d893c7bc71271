use axum::http::{Request, StatusCode};
use hotel_proto::{profile::Hotel, search::SearchResult};
use serde::Deserialize;

use crate::support::{
    Describes, EXAMPLE, Finds, get, over, real, real_profile, real_search, send, untouchable,
};

#[derive(Deserialize)]
struct Collection {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    id: String,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    name: String,
    description: Option<String>,
    rating: Option<f64>,
    distance_m: Option<u32>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    currency: String,
    nightly: f64,
    total_inclusive: f64,
}

async fn features(uri: &str) -> Vec<Feature> {
    get(&real(), uri).await.json::<Collection>().features
}

fn ids(features: &[Feature]) -> Vec<&str> {
    features.iter().map(|feature| &*feature.id).collect()
}

fn search_result(ids: &[&str]) -> SearchResult {
    SearchResult {
        hotel_ids: Some(ids.iter().collect()),
        ..SearchResult::default()
    }
}

#[tokio::test]
async fn the_example_is_answered_to_the_byte() {
    let answer = get(&real(), EXAMPLE).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/geo+json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");

    let start = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"5","properties":{"name":"Phoenix Hotel","phone_number":"(415) 776-1380","#;
    assert!(answer.body.starts_with(start), "{}", answer.body);
    let first = answer.body.split(r#"},{"type":"Feature""#).next().unwrap();
    let end = r#","geometry":{"type":"Point","coordinates":[-122.4181,37.7831]}"#;
    assert!(first.ends_with(end), "{first}");
}

#[tokio::test]
async fn hotels_come_nearest_first_with_their_prices() {
    let found = features(EXAMPLE).await;
    assert_eq!(ids(&found)[..2], ["5", "3"]);
    let zetta = &found[1].properties;
    assert_eq!((&*zetta.name, zetta.rating), ("Hotel Zetta", Some(4.5)));
    let price = zetta.price.as_ref().unwrap();
    assert_eq!(
        (&*price.currency, price.nightly, price.total_inclusive),
        ("USD", 109.0, 123.17)
    );
    let metres: Vec<_> = found
        .iter()
        .map(|hotel| hotel.properties.distance_m.unwrap())
        .collect();
    assert!(metres.is_sorted() && metres[0] == 919, "{metres:?}");
}

#[tokio::test]
async fn parameters_reach_the_services() {
    assert_eq!(
        ids(&features(&format!("{EXAMPLE}&limit=2")).await),
        ["5", "3"]
    );
    assert_eq!(ids(&features(&format!("{EXAMPLE}&radius=1")).await), ["5"]);
    let at_the_ferry = features(&format!("{EXAMPLE}&lat=37.7955&lon=-122.3937&limit=1")).await;
    assert_eq!(ids(&at_the_ferry), ["4"]);
    let german = features(&format!("{EXAMPLE}&locale=de-CH")).await;
    let description = german[0].properties.description.as_deref().unwrap();
    assert!(description.starts_with("Ein flaches Motel"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let answer = send(&real(), Request::head(EXAMPLE)).await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, ""));
    assert_eq!(answer.header("content-type"), "application/geo+json");
    assert_eq!(answer.header("x-trace-id").len(), 32);
}

#[tokio::test]
async fn without_hotels_profile_is_not_asked() {
    let router = over(real_search(), untouchable());
    let answer = get(&router, &format!("{EXAMPLE}&lat=0&lon=0")).await;
    assert_eq!(answer.body, r#"{"type":"FeatureCollection","features":[]}"#);
}

#[tokio::test]
async fn an_older_search_tells_no_price_and_knows_no_limit() {
    let older = Finds(search_result(&["3", "5", "1"])).channel();
    let answer = get(&over(older, real_profile()), &format!("{EXAMPLE}&limit=2")).await;
    let found = answer.json::<Collection>().features;
    assert_eq!(ids(&found), ["3", "5"]);
    for hotel in &found {
        let known = &hotel.properties;
        assert!(known.price.is_none() && known.distance_m.is_none());
        assert!(known.rating.is_some());
    }
    assert!(!answer.body.contains("null"), "{}", answer.body);
}

#[tokio::test]
async fn an_older_profile_tells_no_rating_and_may_not_know_a_hotel() {
    let older = Describes::from(vec![
        Hotel {
            id: "1".into(),
            name: "One".into(),
            ..Hotel::default()
        },
        Hotel {
            id: "5".into(),
            name: "Five".into(),
            ..Hotel::default()
        },
    ]);
    let search = Finds(search_result(&["5", "77", "1"])).channel();
    let answer = get(&over(search, older.channel()), EXAMPLE).await;
    let found = answer.json::<Collection>().features;
    assert_eq!(
        ids(&found),
        ["5", "1"],
        "search's order, without the unknown one"
    );
    assert!(found[0].properties.rating.is_none());
}

#[tokio::test]
async fn a_name_made_of_markup_passes_unharmed() {
    let name = r#"<img src=x onerror="alert(1)"> & "quotes" \"#;
    let hotel = Hotel {
        id: "<b>".into(),
        name: name.into(),
        ..Hotel::default()
    };
    let search = Finds(search_result(&["<b>"])).channel();
    let answer = get(
        &over(search, Describes::from(vec![hotel]).channel()),
        EXAMPLE,
    )
    .await;
    let found = answer.json::<Collection>().features;
    assert_eq!((&*found[0].id, &*found[0].properties.name), ("<b>", name));
}
