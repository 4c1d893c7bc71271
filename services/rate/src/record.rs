//! The shape of `inventory.json`, whose rules `inventory.bin` is held to as well. `S` are its texts.

use hotel_proto::stay::parse_date;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use crate::calendar::MonthDay;

/// One hotel.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HotelRecord<S = Box<str>> {
    pub(crate) id: S,
    pub(crate) code: S,
    pub(crate) currency: S,
    pub(crate) tax_basis_points: u16,
    pub(crate) priced: PricedRecord,
    #[serde(default)]
    pub(crate) seasons: Vec<SeasonRecord>,
    // Not `default` alone, which would want a default of `S`, too.
    #[serde(default = "Vec::new")]
    pub(crate) sold_out: Vec<PeriodRecord<S>>,
    pub(crate) rooms: Vec<RoomRecord<S>>,
}

/// The nights that have a price, both ends included.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PricedRecord {
    #[serde(deserialize_with = "date")]
    pub(crate) from: Date,
    #[serde(deserialize_with = "date")]
    pub(crate) to: Date,
}

/// A part of every year with its share of the usual price.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeasonRecord {
    pub(crate) from: MonthDay,
    pub(crate) to: MonthDay,
    pub(crate) percent: u16,
}

/// Nights of one year (`YYYY-MM-DD`) or of every year (`MM-DD`), both ends included.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodRecord<S> {
    pub(crate) from: S,
    pub(crate) to: S,
}

/// A type of room.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoomRecord<S> {
    pub(crate) code: S,
    pub(crate) description: S,
    pub(crate) nightly_cents: i64,
    /// What a night from Friday or Saturday costs more, or less when negative.
    #[serde(default)]
    pub(crate) weekend_cents: i64,
    #[serde(default = "Vec::new")]
    pub(crate) sold_out: Vec<PeriodRecord<S>>,
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_date(&text)
        .ok_or_else(|| de::Error::custom(format!("expected a date as YYYY-MM-DD, got {text:?}")))
}
