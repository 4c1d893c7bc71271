//! The answer of `/hotels`: typed GeoJSON (RFC 7946) that borrows from the messages it is made of.

use hotel_proto::{
    area::Point,
    profile::{Address, Hotel, Image},
    rate::RatePlan,
    search::Found,
};
use serde::Serialize;

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
    #[serde(skip_serializing_if = "String::is_empty")]
    address_line: String,
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

impl<'a> Feature<'a> {
    /// Puts together what profile and search know; an older search tells no more than that there is a rate.
    pub(crate) fn new(hotel: &'a Hotel, found: Option<&'a Found>, tells_distance: bool) -> Self {
        let address = hotel.address.as_ref();
        let part = |of: fn(&Address) -> &String| address.map_or("", |address| of(address));
        Self {
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
                rating: Some(hotel.rating).filter(|&rating| rating > 0.0 && rating.is_finite()),
                image_url: image(&hotel.images),
                distance_m: found.filter(|_| tells_distance).and_then(distance),
                price: found.and_then(|found| price(found.rate_plan.as_ref()?)),
            },
            geometry: address.and_then(geometry),
        }
    }
}

/// Whether search knows distances: one that does not says 0 for every hotel.
pub(crate) fn tells_distance(found: &[Found]) -> bool {
    found.iter().any(|hotel| hotel.distance_m > 0.0)
}

fn line(address: &Address) -> String {
    let (number, street) = (&*address.street_number, &*address.street_name);
    match (number, street) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{number} {street}"),
    }
}

fn image(images: &[Image]) -> Option<&str> {
    let default = images.iter().find(|image| image.default);
    let image = default.or(images.first())?;
    Some(&*image.url).filter(|url| !url.is_empty())
}

/// Whole metres: what is behind the point is beyond any door.
fn distance(found: &Found) -> Option<u32> {
    let metres = found.distance_m;
    (metres >= 0.0 && metres.is_finite()).then(|| metres.round() as u32)
}

/// No price at all rather than one with a hole in it: JSON cannot say "not a number".
fn price(plan: &RatePlan) -> Option<Price<'_>> {
    let room = plan.room_type.as_ref()?;
    Some(Price {
        code: &plan.code,
        currency: &room.currency,
        nightly: cents(room.bookable_rate)?,
        total: cents(room.total_rate)?,
        total_inclusive: cents(room.total_rate_inclusive)?,
        room: &room.room_description,
    })
}

/// The 64-bit number nearest to the amount in whole cents, which prints with at most two decimals.
fn cents(amount: f64) -> Option<f64> {
    let rounded = (amount * 100.0).round() / 100.0;
    rounded.is_finite().then_some(rounded)
}

fn geometry(address: &Address) -> Option<Geometry> {
    let place = Point::try_new(address.lat, address.lon).ok()?;
    Some(Geometry {
        coordinates: [place.lon(), place.lat()],
    })
}

#[cfg(test)]
mod tests;
