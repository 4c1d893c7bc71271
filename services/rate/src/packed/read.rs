//! Reads an [`Offer`](super::Offer) where it lies: its texts stay there.

use hotel_proto::view::{Field, Fields, Unreadable};
use jiff::civil::Date;

use crate::{
    calendar::MonthDay,
    record::{HotelRecord, PeriodRecord, PricedRecord, RoomRecord, SeasonRecord},
};

/// Why it cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadOffer {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),

    #[error("a number is out of range")]
    OutOfRange,
}

/// The record of a hotel with this id.
pub(super) fn record<'a>(id: &'a str, message: &'a [u8]) -> Result<HotelRecord<&'a str>, BadOffer> {
    let (mut code, mut currency, mut tax_basis_points) = ("", "", 0);
    let (mut from, mut to) = (0, 0);
    let (mut seasons, mut sold_out, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => code = value.text()?,
            2 => currency = value.text()?,
            3 => tax_basis_points = number(value)?,
            4 => from = number(value)?,
            5 => to = number(value)?,
            6 => seasons.push(season(value.bytes()?)?),
            7 => sold_out.push(period(value.bytes()?)?),
            8 => rooms.push(room(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(HotelRecord {
        id,
        code,
        currency,
        tax_basis_points: in_range(tax_basis_points)?,
        priced: PricedRecord {
            from: date(from)?,
            to: date(to)?,
        },
        seasons,
        sold_out,
        rooms,
    })
}

fn season(message: &[u8]) -> Result<SeasonRecord, BadOffer> {
    let (mut from, mut to, mut percent) = (0, 0, 0);
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => from = number(value)?,
            2 => to = number(value)?,
            3 => percent = number(value)?,
            _ => {}
        }
    }
    let day =
        |number: u32| MonthDay::try_new(number / 100, number % 100).ok_or(BadOffer::OutOfRange);
    Ok(SeasonRecord {
        from: day(from)?,
        to: day(to)?,
        percent: in_range(percent)?,
    })
}

fn room(message: &[u8]) -> Result<RoomRecord<&str>, BadOffer> {
    let (mut code, mut description) = ("", "");
    let (mut nightly_cents, mut weekend_cents) = (0, 0);
    let mut sold_out = Vec::new();
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => code = value.text()?,
            2 => description = value.text()?,
            3 => nightly_cents = value.varint()?.cast_signed(),
            4 => weekend_cents = zigzag(value.varint()?),
            5 => sold_out.push(period(value.bytes()?)?),
            _ => {}
        }
    }
    Ok(RoomRecord {
        code,
        description,
        nightly_cents,
        weekend_cents,
        sold_out,
    })
}

fn period(message: &[u8]) -> Result<PeriodRecord<&str>, BadOffer> {
    let (mut from, mut to) = ("", "");
    for field in Fields::of(message) {
        let (tag, value) = field?;
        match tag {
            1 => from = value.text()?,
            2 => to = value.text()?,
            _ => {}
        }
    }
    Ok(PeriodRecord { from, to })
}

fn number(value: Field<'_>) -> Result<u32, BadOffer> {
    let number = value.varint()?;
    number.try_into().map_err(|_| BadOffer::OutOfRange)
}

fn in_range(number: u32) -> Result<u16, BadOffer> {
    number.try_into().map_err(|_| BadOffer::OutOfRange)
}

/// A `sint64`: the sign is the last bit.
fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn date(number: u32) -> Result<Date, BadOffer> {
    let (month, day) = ((number / 100 % 100) as i8, (number % 100) as i8);
    let year = i16::try_from(number / 10_000).ok();
    year.and_then(|year| Date::new(year, month, day).ok())
        .ok_or(BadOffer::OutOfRange)
}

#[cfg(test)]
mod tests;
