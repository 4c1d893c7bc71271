//! The shape of `inventory.json`.

use hotel_proto::stay::parse_date;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};

use crate::calendar::MonthDay;

/// One hotel.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HotelRecord {
    pub(crate) id: Box<str>,
    pub(crate) code: Box<str>,
    pub(crate) currency: Box<str>,
    pub(crate) tax_basis_points: u16,
    pub(crate) priced: PricedRecord,
    #[serde(default)]
    pub(crate) seasons: Vec<SeasonRecord>,
    #[serde(default)]
    pub(crate) sold_out: Vec<PeriodRecord>,
    pub(crate) rooms: Vec<RoomRecord>,
}

/// The nights that have a price, both ends included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PricedRecord {
    #[serde(deserialize_with = "date")]
    pub(crate) from: Date,
    #[serde(deserialize_with = "date")]
    pub(crate) to: Date,
}

/// A part of every year with its share of the usual price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeasonRecord {
    pub(crate) from: MonthDay,
    pub(crate) to: MonthDay,
    pub(crate) percent: u16,
}

/// Nights of one year (`YYYY-MM-DD`) or of every year (`MM-DD`), both ends included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodRecord {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A type of room.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoomRecord {
    pub(crate) code: Box<str>,
    pub(crate) description: Box<str>,
    pub(crate) nightly_cents: i64,
    /// What a night from Friday or Saturday costs more, or less when negative.
    #[serde(default)]
    pub(crate) weekend_cents: i64,
    #[serde(default)]
    pub(crate) sold_out: Vec<PeriodRecord>,
}

fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_date(&text)
        .ok_or_else(|| de::Error::custom(format!("expected a date as YYYY-MM-DD, got {text:?}")))
}
