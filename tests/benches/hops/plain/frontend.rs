//! The HTTP door: GeoJSON, by serde.

use std::collections::HashMap;

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use tonic::{Status, transport::Channel};

use super::proto::{
    profile::{self, Address, Hotel, profile_client::ProfileClient},
    rate::RatePlan,
    search::{Found, NearbyRequest, search_client::SearchClient},
};

/// San Francisco's centre, where a request that does not say looks.
const CENTRE: (f32, f32) = (37.7749, -122.4194);

#[derive(Clone)]
struct Upstreams {
    search: SearchClient<Channel>,
    profile: ProfileClient<Channel>,
}

/// Every route that is asked for.
pub(crate) fn router(search: Channel, profile: Channel) -> Router {
    let upstreams = Upstreams {
        search: SearchClient::new(search),
        profile: ProfileClient::new(profile),
    };
    Router::new()
        .route("/hotels", get(hotels))
        .route("/readyz", get(|| async { "ready" }))
        .with_state(upstreams)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    in_date: String,
    out_date: String,
    lat: Option<f32>,
    lon: Option<f32>,
    #[serde(default)]
    locale: String,
}

async fn hotels(
    State(mut upstreams): State<Upstreams>,
    Query(params): Query<Params>,
) -> Result<Response, Fault> {
    let request = NearbyRequest {
        lat: params.lat.unwrap_or(CENTRE.0),
        lon: params.lon.unwrap_or(CENTRE.1),
        in_date: params.in_date,
        out_date: params.out_date,
        ..NearbyRequest::default()
    };
    let result = upstreams.search.nearby(request).await?.into_inner();
    let request = profile::Request {
        hotel_ids: result.hotel_ids,
        locale: params.locale,
    };
    let profiles = upstreams.profile.get_profiles(request).await?.into_inner();

    let found: HashMap<&str, &Found> = result
        .found
        .iter()
        .map(|found| (&*found.hotel_id, found))
        .collect();
    let hotels = profiles.hotels.iter();
    let features = hotels.map(|hotel| feature(hotel, found.get(&*hotel.id).copied()));
    let collection = FeatureCollection {
        features: features.collect(),
    };
    let body = serde_json::to_vec(&collection)?;
    Ok(([(CONTENT_TYPE, "application/geo+json")], body).into_response())
}

/// Whatever went wrong.
enum Fault {
    Status(Status),
    Json(serde_json::Error),
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let why = match self {
            Self::Status(status) => status.to_string(),
            Self::Json(error) => error.to_string(),
        };
        (StatusCode::BAD_GATEWAY, why).into_response()
    }
}

#[derive(Serialize)]
#[serde(tag = "type")]
struct FeatureCollection<'a> {
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
struct Feature<'a> {
    id: &'a str,
    properties: Properties<'a>,
    geometry: Option<Geometry>,
}

#[derive(Serialize)]
struct Properties<'a> {
    name: &'a str,
    phone_number: &'a str,
    description: &'a str,
    address_line: String,
    city: &'a str,
    state: &'a str,
    country: &'a str,
    postal_code: &'a str,
    rating: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price<'a>>,
}

#[derive(Serialize)]
struct Price<'a> {
    code: &'a str,
    currency: &'a str,
    nightly: f64,
    total: f64,
    total_inclusive: f64,
    room: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "Point")]
struct Geometry {
    coordinates: [f32; 2],
}

fn feature<'a>(hotel: &'a Hotel, found: Option<&'a Found>) -> Feature<'a> {
    let address = hotel.address.as_ref();
    let part = |of: fn(&Address) -> &String| address.map_or("", |address| of(address));
    Feature {
        id: &hotel.id,
        properties: Properties {
            name: &hotel.name,
            phone_number: &hotel.phone_number,
            description: &hotel.description,
            address_line: address.map(line).unwrap_or_default(),
            city: part(|address| &address.city),
            state: part(|address| &address.state),
            country: part(|address| &address.country),
            postal_code: part(|address| &address.postal_code),
            rating: hotel.rating,
            distance_m: found.map(|found| found.distance_m.round() as u32),
            price: found.and_then(|found| price(found.rate_plan.as_ref()?)),
        },
        geometry: address.map(|address| Geometry {
            coordinates: [address.lon, address.lat],
        }),
    }
}

fn line(address: &Address) -> String {
    format!("{} {}", address.street_number, address.street_name)
}

fn price(plan: &RatePlan) -> Option<Price<'_>> {
    let room = plan.room_type.as_ref()?;
    Some(Price {
        code: &plan.code,
        currency: &room.currency,
        nightly: room.bookable_rate,
        total: room.total_rate,
        total_inclusive: room.total_rate_inclusive,
        room: &room.room_description,
    })
}
