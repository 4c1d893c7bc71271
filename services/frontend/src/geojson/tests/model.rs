//! The answer as serde writes it.

use std::fmt;

use hotel_proto::view::{Found, Hotel, RatePlan};
use serde::{Serialize, Serializer};

use crate::geojson;

#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) struct FeatureCollection<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) degraded: &'a [String],
    pub(super) features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
pub(super) struct Feature<'a> {
    id: &'a str,
    properties: Properties<'a>,
    geometry: Option<Geometry>,
}

#[derive(Serialize)]
struct Properties<'a> {
    name: &'a str,
    phone_number: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Line::is_empty")]
    address_line: Line<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    city: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    state: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    country: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    postal_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<&'a str>,
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

/// Number and street.
#[derive(Clone, Copy, Default)]
struct Line<'a>(&'a str, &'a str);

impl<'a> Feature<'a> {
    pub(super) fn new(
        hotel: &Hotel<&'a str>,
        found: Option<&(Found<'a, &'a str>, RatePlan<&'a str>)>,
    ) -> Self {
        let address = hotel.address.unwrap_or_default();
        let place = hotel.address.as_ref().and_then(geojson::place);
        let price = found.and_then(|(_, plan)| geojson::price(plan));
        Self {
            id: hotel.id,
            properties: Properties {
                name: hotel.name,
                phone_number: hotel.phone_number,
                description: hotel.description,
                address_line: Line(address.street_number, address.street_name),
                city: address.city,
                state: address.state,
                country: address.country,
                postal_code: address.postal_code,
                rating: Some(hotel.rating).filter(|&rating| rating > 0.0 && rating.is_finite()),
                image_url: Some(hotel.image_url).filter(|url| !url.is_empty()),
                distance_m: found.and_then(|(found, _)| geojson::distance(found)),
                price: price.map(Price::from),
            },
            geometry: place.map(|place| Geometry {
                coordinates: [place.lon(), place.lat()],
            }),
        }
    }
}

impl<'a> From<geojson::Price<&'a str>> for Price<'a> {
    fn from(price: geojson::Price<&'a str>) -> Self {
        Self {
            code: price.code,
            currency: price.currency,
            nightly: price.nightly,
            total: price.total,
            total_inclusive: price.total_inclusive,
            room: price.room,
        }
    }
}

impl Line<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty() && self.1.is_empty()
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = if self.0.is_empty() || self.1.is_empty() {
            ""
        } else {
            " "
        };
        write!(f, "{}{gap}{}", self.0, self.1)
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
