//! `inventory.bin`: what millions of hotels sell, each read when it is asked for.

use std::path::Path;

use hotel_proto::data::{Check, DataError, Kind, Records, Table};
use prost::Message;

use crate::{hotel::Hotel, load};

mod read;

const FILE: &str = "inventory.bin";

/// What a hotel sells, as it stands in the file: the fields of `inventory.json`.
#[derive(Clone, PartialEq, Message)]
pub struct Offer {
    /// Of the rate plan.
    #[prost(string, tag = "1")]
    pub code: String,
    /// ISO 4217.
    #[prost(string, tag = "2")]
    pub currency: String,
    /// Hundredths of a percent.
    #[prost(uint32, tag = "3")]
    pub tax_basis_points: u32,
    /// The first night that can be sold, as year × 10000 + month × 100 + day.
    #[prost(uint32, tag = "4")]
    pub from: u32,
    /// The last one.
    #[prost(uint32, tag = "5")]
    pub to: u32,
    /// Without overlaps.
    #[prost(message, repeated, tag = "6")]
    pub seasons: Vec<Season>,
    /// Nights without a free room.
    #[prost(message, repeated, tag = "7")]
    pub sold_out: Vec<Period>,
    /// At least one.
    #[prost(message, repeated, tag = "8")]
    pub rooms: Vec<Room>,
}

/// A part of every year with its share of the usual price.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Season {
    /// Its first day, as month × 100 + day.
    #[prost(uint32, tag = "1")]
    pub from: u32,
    /// Its last day.
    #[prost(uint32, tag = "2")]
    pub to: u32,
    /// Of the usual price.
    #[prost(uint32, tag = "3")]
    pub percent: u32,
}

/// Nights of one year (`YYYY-MM-DD`) or of every year (`MM-DD`), both ends included.
#[derive(Clone, PartialEq, Message)]
pub struct Period {
    /// The first night.
    #[prost(string, tag = "1")]
    pub from: String,
    /// The last night.
    #[prost(string, tag = "2")]
    pub to: String,
}

/// A type of room.
#[derive(Clone, PartialEq, Message)]
pub struct Room {
    /// Its code.
    #[prost(string, tag = "1")]
    pub code: String,
    /// The same in words.
    #[prost(string, tag = "2")]
    pub description: String,
    /// What a night costs.
    #[prost(int64, tag = "3")]
    pub nightly_cents: i64,
    /// What a night from Friday or Saturday costs more, or less when negative.
    #[prost(sint64, tag = "4")]
    pub weekend_cents: i64,
    /// Nights without a free one.
    #[prost(message, repeated, tag = "5")]
    pub sold_out: Vec<Period>,
}

/// Writes `inventory.bin` into a folder: of `hotels` hotels their ids and offers, each asked for by its number, in whose order they
/// stand in the file; `progress` hears how many are done.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(
    dir: &Path,
    hotels: u32,
    id: impl Fn(u32) -> String,
    offer: impl Fn(u32) -> Offer,
    progress: impl FnMut(u32),
) -> Result<(), DataError> {
    let offers = Offers { hotels, id, offer };
    Table::write(dir, FILE, Kind::Rate, &offers, progress)
}

struct Offers<I, O> {
    hotels: u32,
    id: I,
    offer: O,
}

impl<I: Fn(u32) -> String, O: Fn(u32) -> Offer> Records for Offers<I, O> {
    fn rows(&self) -> u32 {
        self.hotels
    }

    fn id(&self, row: u32) -> String {
        (self.id)(row)
    }

    fn record(&self, row: u32, out: &mut Vec<u8>) {
        let offer = (self.offer)(row);
        out.extend(offer.encode_to_vec());
    }
}

/// Opens `inventory.bin` of a folder, where there is one.
pub(crate) fn open(dir: &Path) -> Result<Option<Table>, DataError> {
    Table::open(dir, FILE, Kind::Rate)
}

/// Reads what one hotel sells, of its record. That is held to the rules of `inventory.json`.
pub(crate) fn hotel<'a>(
    table: &Table,
    id: &'a str,
    record: &'a [u8],
) -> Result<Hotel<&'a str>, DataError> {
    let bad = |problem: &str| table.shape(format!("the record of hotel {id:?}: {problem}"));
    let record = read::record(id, record).map_err(|error| bad(&error.to_string()))?;
    let mut check = Check::default();
    let (_, hotel) = load::hotel(record, &mut check);
    match check.first() {
        None => Ok(hotel),
        Some(fault) => Err(bad(&format!("{}: {}", fault.field, fault.problem))),
    }
}

#[cfg(test)]
mod tests;
