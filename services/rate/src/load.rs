//! Reads `inventory.json`.

use std::{
    fmt::{self, Display},
    path::Path,
};

use hotel_proto::data::{Check, DataError, Source};

use crate::{
    Cents, Inventory,
    calendar::{Once, Period, Yearly},
    hotel::{Hotel, Room, Season},
    packed,
    record::{HotelRecord, PeriodRecord, RoomRecord, SeasonRecord},
};

const FILE: &str = "inventory.json";

/// The dearest night a file may say: a million of the currency. It keeps every sum far from overflow.
const MAX_NIGHTLY: i64 = 100_000_000;

/// The highest tax, in hundredths of a percent.
const MAX_TAX: u16 = 10_000;

/// The highest share of the usual price that a season may ask for.
const MAX_PERCENT: u16 = 1000;

impl Inventory {
    /// The rooms and prices that are part of the program.
    ///
    /// # Errors
    ///
    /// As [`Inventory::from_dir`]; a test holds that there are none.
    pub fn embedded() -> Result<Self, DataError> {
        Self::from_source(&Source::embedded(
            FILE,
            include_str!("../../../data/inventory.json"),
        ))
    }

    /// Opens `inventory.bin` of a folder, and where there is none reads `inventory.json`.
    ///
    /// # Errors
    ///
    /// Names the file and what is wrong with it: of `inventory.json` each bad record with its field: an id that is used twice, no room, a price that is not
    /// positive, a date that is not real, seasons that overlap, and so on.
    pub fn from_dir(dir: &Path) -> Result<Self, DataError> {
        match packed::open(dir)? {
            Some(table) => Ok(table.into()),
            None => Self::from_source(&Source::from_dir(dir, FILE)?),
        }
    }

    pub(crate) fn from_source(source: &Source) -> Result<Self, DataError> {
        let mut all = Self::default();
        source.records(|record: HotelRecord, check| {
            let (id, hotel) = hotel(record, check);
            if !all.insert(id, hotel) {
                check.fault("id", "is used by an earlier record");
            }
        })?;
        Ok(all)
    }
}

/// Checks one record, and makes a hotel of it.
pub(crate) fn hotel<S: AsRef<str>>(record: HotelRecord<S>, check: &mut Check) -> (S, Hotel<S>) {
    let currency = record.currency.as_ref();
    check.expect(!record.id.as_ref().is_empty(), "id", "is empty");
    check.expect(!record.code.as_ref().is_empty(), "code", "is empty");
    check.expect(
        currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()),
        "currency",
        "expected the three capital letters of ISO 4217",
    );
    check.expect(
        record.tax_basis_points <= MAX_TAX,
        "taxBasisPoints",
        "expected hundredths of a percent from 0 to 10000",
    );
    let priced = Once {
        from: record.priced.from,
        to: record.priced.to,
    };
    check.expect(priced.from <= priced.to, "priced", "ends before it begins");
    check.expect(!record.rooms.is_empty(), "rooms", "expected at least one");

    let hotel = Hotel {
        code: record.code,
        currency: record.currency,
        tax_basis_points: record.tax_basis_points,
        priced,
        seasons: seasons(&record.seasons, check),
        sold_out: periods(&record.sold_out, "soldOut", check),
        rooms: rooms(record.rooms, check),
    };
    (record.id, hotel)
}

fn seasons(records: &[SeasonRecord], check: &mut Check) -> Vec<Season> {
    let mut seasons: Vec<Season> = Vec::with_capacity(records.len());
    for (n, record) in records.iter().enumerate() {
        let days = Yearly {
            from: record.from,
            to: record.to,
        };
        if let Some(earlier) = seasons.iter().position(|season| season.days.overlaps(days)) {
            check.fault(
                format!("seasons[{n}]"),
                format!("overlaps seasons[{earlier}]"),
            );
        }
        if !(1..=MAX_PERCENT).contains(&record.percent) {
            let problem = format!("expected 1 to {MAX_PERCENT}, got {}", record.percent);
            check.fault(format!("seasons[{n}].percent"), problem);
        }
        seasons.push(Season {
            days,
            percent: record.percent,
        });
    }
    seasons
}

fn rooms<S: AsRef<str>>(records: Vec<RoomRecord<S>>, check: &mut Check) -> Vec<Room<S>> {
    let mut rooms: Vec<Room<S>> = Vec::with_capacity(records.len());
    for (n, record) in records.into_iter().enumerate() {
        let field = |name| OfRoom(n, name);
        let code = record.code.as_ref();
        check.expect(!code.is_empty(), field("code"), "is empty");
        let is_new = rooms.iter().all(|room| room.code.as_ref() != code);
        check.expect(is_new, field("code"), "is used by an earlier room");
        check.expect(
            !record.description.as_ref().is_empty(),
            field("description"),
            "is empty",
        );
        check_price(record.nightly_cents, field("nightlyCents"), "", check);
        let weekend = record.nightly_cents.saturating_add(record.weekend_cents);
        check_price(
            weekend,
            field("weekendCents"),
            "together with nightlyCents ",
            check,
        );
        rooms.push(Room {
            sold_out: periods(&record.sold_out, field("soldOut"), check),
            code: record.code,
            description: record.description,
            weekday: Cents(record.nightly_cents),
            weekend: Cents(weekend),
        });
    }
    rooms
}

/// A field of a room, which is only written out where something is wrong with it.
struct OfRoom(usize, &'static str);

impl Display for OfRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(n, name) = self;
        write!(f, "rooms[{n}].{name}")
    }
}

fn check_price(cents: i64, field: impl Display, together: &str, check: &mut Check) {
    if !(1..=MAX_NIGHTLY).contains(&cents) {
        check.fault(
            field.to_string(),
            format!("{together}expected 1 to {MAX_NIGHTLY} cents, got {cents}"),
        );
    }
}

fn periods<S: AsRef<str>>(
    records: &[PeriodRecord<S>],
    field: impl Display,
    check: &mut Check,
) -> Vec<Period> {
    let mut periods = Vec::with_capacity(records.len());
    for (n, PeriodRecord { from, to }) in records.iter().enumerate() {
        let (from, to) = (from.as_ref(), to.as_ref());
        match Period::parse(from, to) {
            Some(period) => periods.push(period),
            None => check.fault(
                format!("{field}[{n}]"),
                format!(
                    "expected two dates in order or two days of the year, got {from:?} to {to:?}"
                ),
            ),
        }
    }
    periods
}

#[cfg(test)]
mod tests;
