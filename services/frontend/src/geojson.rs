//! The answer of `/hotels`: GeoJSON (RFC 7946), written from the messages it is made of.
//!
//! It is most of what a request has to do, so its members are written one by one, with names that are encoded already, and texts as
//! they came: whether all of them are UTF-8 is seen where the whole is looked at.

use hotel_proto::{
    area::Point,
    view::{Address, Found, Hotel, RatePlan},
};
use serde_json::Result;

use crate::json::{self, Text, escaped, number, text};

pub(crate) struct FeatureCollection<'a, S> {
    /// The services that failed; with `rate` among them, a hotel without a price may have one.
    pub(crate) degraded: &'a [String],
    pub(crate) features: Vec<Feature<'a, S>>,
}

/// One hotel.
pub(crate) struct Feature<'a, S> {
    hotel: &'a Hotel<S>,
    distance_m: Option<u32>,
    price: Option<Price<S>>,
}

/// Amounts are in units of the currency, with at most two decimals.
struct Price<S> {
    code: S,
    currency: S,
    nightly: f64,
    total: f64,
    total_inclusive: f64,
    room: S,
}

impl<S: Text> FeatureCollection<'_, S> {
    pub(crate) fn write(&self, json: &mut Vec<u8>) -> Result<()> {
        json.extend_from_slice(br#"{"type":"FeatureCollection""#);
        if !self.degraded.is_empty() {
            json.extend_from_slice(br#","degraded":"#);
            json::list(json, self.degraded, |name, json| text(json, name))?;
        }
        json.extend_from_slice(br#","features":"#);
        json::list(json, &self.features, Feature::write)?;
        json.push(b'}');
        Ok(())
    }
}

impl<'a, S: Text> Feature<'a, S> {
    /// Puts together what profile and search know; an older search tells no more than that there is a rate.
    pub(crate) fn new(
        hotel: &'a Hotel<S>,
        found: Option<&(Found<'a, S>, RatePlan<S>)>,
        tells_distance: bool,
    ) -> Self {
        let distance_m = found.filter(|_| tells_distance);
        Self {
            hotel,
            distance_m: distance_m.and_then(|(found, _)| distance(found)),
            price: found.and_then(|(_, plan)| price(plan)),
        }
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<()> {
        json.extend_from_slice(br#"{"type":"Feature","id":"#);
        text(json, self.hotel.id)?;
        json.extend_from_slice(br#","properties":"#);
        self.write_properties(json)?;
        // `null` where nobody knows the place.
        json.extend_from_slice(br#","geometry":"#);
        let place = self.hotel.address.as_ref().and_then(place);
        match place {
            Some(place) => write_point(json, place)?,
            None => json.extend_from_slice(b"null"),
        }
        json.push(b'}');
        Ok(())
    }

    /// What is not known is left out, save for the two that older clients rely on.
    fn write_properties(&self, json: &mut Vec<u8>) -> Result<()> {
        let hotel = self.hotel;
        let address = hotel.address.unwrap_or_default();
        json.extend_from_slice(br#"{"name":"#);
        text(json, hotel.name)?;
        json.extend_from_slice(br#","phone_number":"#);
        text(json, hotel.phone_number)?;
        write_known(json, br#","description":"#, hotel.description)?;
        write_line(json, address.street_number, address.street_name)?;
        write_known(json, br#","city":"#, address.city)?;
        write_known(json, br#","state":"#, address.state)?;
        write_known(json, br#","country":"#, address.country)?;
        write_known(json, br#","postal_code":"#, address.postal_code)?;
        if hotel.rating > 0.0 && hotel.rating.is_finite() {
            json.extend_from_slice(br#","rating":"#);
            number(json, hotel.rating)?;
        }
        write_known(json, br#","image_url":"#, hotel.image_url)?;
        if let Some(metres) = self.distance_m {
            json.extend_from_slice(br#","distance_m":"#);
            number(json, metres)?;
        }
        if let Some(price) = &self.price {
            json.extend_from_slice(br#","price":"#);
            price.write(json)?;
        }
        json.push(b'}');
        Ok(())
    }
}

impl<S: Text> Price<S> {
    fn write(&self, json: &mut Vec<u8>) -> Result<()> {
        json.extend_from_slice(br#"{"code":"#);
        text(json, self.code)?;
        json.extend_from_slice(br#","currency":"#);
        text(json, self.currency)?;
        json.extend_from_slice(br#","nightly":"#);
        amount(json, self.nightly)?;
        json.extend_from_slice(br#","total":"#);
        amount(json, self.total)?;
        json.extend_from_slice(br#","total_inclusive":"#);
        amount(json, self.total_inclusive)?;
        json.extend_from_slice(br#","room":"#);
        text(json, self.room)?;
        json.push(b'}');
        Ok(())
    }
}

/// A member that is left out where nothing is known.
fn write_known(json: &mut Vec<u8>, name: &[u8], value: impl Text) -> Result<()> {
    let value = value.as_ref();
    if value.is_empty() {
        return Ok(());
    }
    json.extend_from_slice(name);
    text(json, value)
}

/// Number and street.
fn write_line<S: Text>(json: &mut Vec<u8>, number: S, street: S) -> Result<()> {
    let (number, street) = (number.as_ref(), street.as_ref());
    if number.is_empty() && street.is_empty() {
        return Ok(());
    }
    json.extend_from_slice(br#","address_line":""#);
    escaped(json, number)?;
    if !number.is_empty() && !street.is_empty() {
        json.push(b' ');
    }
    escaped(json, street)?;
    json.push(b'"');
    Ok(())
}

/// Longitude first; 32 bits wide, so that they print as the shortest decimal that is the same number.
fn write_point(json: &mut Vec<u8>, place: Point) -> Result<()> {
    json.extend_from_slice(br#"{"type":"Point","coordinates":["#);
    number(json, place.lon())?;
    json.push(b',');
    number(json, place.lat())?;
    json.extend_from_slice(b"]}");
    Ok(())
}

/// An amount as [`cents`] makes it: as serde writes it, and sooner, for there is no need to look for its shortest digits.
fn amount(json: &mut Vec<u8>, amount: f64) -> Result<()> {
    // Beyond, and below nothing, numbers are written in other ways.
    const MOST: f64 = 1e15;
    let cents = (amount * 100.0).round();
    if cents.is_sign_negative() || cents >= MOST {
        return number(json, amount);
    }
    let cents = cents as u64;
    number(json, cents / 100)?;
    let digit = |number: u64| b'0' + (number % 10) as u8;
    json.extend_from_slice(&[b'.', digit(cents / 10)]);
    if !cents.is_multiple_of(10) {
        json.push(digit(cents));
    }
    Ok(())
}

/// Whether search knows distances: one that does not says 0 for every hotel.
pub(crate) fn tells_distance<'a, S: 'a>(mut found: impl Iterator<Item = &'a Found<'a, S>>) -> bool {
    found.any(|hotel| hotel.distance_m > 0.0)
}

/// Whole metres: what is behind the point is beyond any door.
fn distance<S>(found: &Found<'_, S>) -> Option<u32> {
    let metres = found.distance_m;
    (metres >= 0.0 && metres.is_finite()).then(|| metres.round() as u32)
}

/// No price at all rather than one with a hole in it: JSON cannot say "not a number".
fn price<S: Text>(plan: &RatePlan<S>) -> Option<Price<S>> {
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

fn place<S>(address: &Address<S>) -> Option<Point> {
    Point::try_new(address.lat, address.lon).ok()
}

#[cfg(test)]
mod tests;
