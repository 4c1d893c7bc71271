//! The answer of `/hotels`: typed GeoJSON (RFC 7946) that borrows from the messages it is made of.

use std::fmt;

use hotel_proto::{
    area::Point,
    search::Found,
    view::{Address, Hotel, RatePlan},
};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
#[serde(tag = "type")]
pub(crate) struct FeatureCollection<'a> {
    /// The services that failed; with `rate` among them, a hotel without a price may have one.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) degraded: &'a [String],
    pub(crate) features: Vec<Feature<'a>>,
}

/// One hotel.
#[derive(Serialize)]
#[serde(tag = "type")]
pub(crate) struct Feature<'a> {
    id: &'a str,
    properties: Properties<'a>,
    /// `null` where nobody knows the place.
    geometry: Option<Geometry>,
}

/// What is not known is left out, save for the two that older clients rely on.
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

/// Amounts are in units of the currency, with at most two decimals.
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
    /// Longitude first; 32 bits wide, so that they print as the shortest decimal that is the same number.
    coordinates: [f32; 2],
}

/// Number and street.
#[derive(Clone, Copy, Default)]
struct Line<'a>(&'a str, &'a str);

impl<'a> Feature<'a> {
    /// Puts together what profile and search know; an older search tells no more than that there is a rate.
    pub(crate) fn new(
        hotel: &Hotel<'a>,
        found: Option<(&Found, &RatePlan<'a>)>,
        tells_distance: bool,
    ) -> Self {
        let address = hotel.address.unwrap_or_default();
        let distance_m = found.filter(|_| tells_distance);
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
                distance_m: distance_m.and_then(|(found, _)| distance(found)),
                price: found.and_then(|(_, plan)| price(plan)),
            },
            geometry: hotel.address.as_ref().and_then(geometry),
        }
    }
}

/// Whether search knows distances: one that does not says 0 for every hotel.
pub(crate) fn tells_distance(found: &[Found]) -> bool {
    found.iter().any(|hotel| hotel.distance_m > 0.0)
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

/// Whole metres: what is behind the point is beyond any door.
fn distance(found: &Found) -> Option<u32> {
    let metres = found.distance_m;
    (metres >= 0.0 && metres.is_finite()).then(|| metres.round() as u32)
}

/// No price at all rather than one with a hole in it: JSON cannot say "not a number".
fn price<'a>(plan: &RatePlan<'a>) -> Option<Price<'a>> {
    let room = plan.room_type?;
    Some(Price {
        code: plan.code,
        currency: room.currency,
        nightly: cents(room.bookable_rate)?,
        total: cents(room.total_rate)?,
        total_inclusive: cents(room.total_rate_inclusive)?,
        room: room.room_description,
    })
}

/// The 64-bit number nearest to the amount in whole cents, which prints with at most two decimals.
fn cents(amount: f64) -> Option<f64> {
    let rounded = (amount * 100.0).round() / 100.0;
    rounded.is_finite().then_some(rounded)
}

fn geometry(address: &Address<'_>) -> Option<Geometry> {
    let place = Point::try_new(address.lat, address.lon).ok()?;
    Some(Geometry {
        coordinates: [place.lon(), place.lat()],
    })
}

#[cfg(test)]
mod tests;
