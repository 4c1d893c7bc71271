//! Reads `hotels.json` and `locales.json`.

use std::path::Path;

use hotel_proto::{
    area,
    data::{Check, DataError, Source},
    profile::Hotel,
};
use prost::Message;

use crate::{
    Catalogue,
    catalogue::BASE,
    packed,
    record::{HotelRecord, LocaleRecord},
};

const HOTELS: &str = "hotels.json";
const LOCALES: &str = "locales.json";

impl Catalogue {
    /// The profiles that are part of the program.
    ///
    /// # Errors
    ///
    /// As [`Catalogue::from_dir`]; a test holds that there are none.
    pub fn embedded() -> Result<Self, DataError> {
        Self::from_sources(
            &Source::embedded(HOTELS, include_str!("../../../data/hotels.json")),
            &Source::embedded(LOCALES, include_str!("../../../data/locales.json")),
        )
    }

    /// Opens `hotels.bin` of a folder, and where there is none reads `hotels.json` and `locales.json`.
    ///
    /// # Errors
    ///
    /// Names the file and what is wrong with it: of the lists each bad record with its field: an id that is used twice, an empty name, degrees or a rating
    /// out of range, a translation of an unknown hotel, into no language, or given twice, and so on.
    pub fn from_dir(dir: &Path) -> Result<Self, DataError> {
        match packed::open(dir)? {
            Some(table) => Ok(table.into()),
            None => Self::from_sources(
                &Source::from_dir(dir, HOTELS)?,
                &Source::from_dir(dir, LOCALES)?,
            ),
        }
    }

    fn from_sources(hotels: &Source, locales: &Source) -> Result<Self, DataError> {
        let mut all = Self::default();
        hotels.records(|record: HotelRecord, check| {
            check_hotel(&record, check);
            match all.vacant(record.id.as_str().into()) {
                Some(place) => drop(place.insert(Hotel::from(record).encode_to_vec().into())),
                None => check.fault("id", "is used by an earlier record"),
            }
        })?;
        locales.records(|record, check| translate(&mut all, record, check))?;
        Ok(all)
    }
}

fn check_hotel(record: &HotelRecord, check: &mut Check) {
    for (field, text) in [
        ("id", &record.id),
        ("name", &record.name),
        ("description", &record.description),
        ("address.city", &record.address.city),
        ("address.country", &record.address.country),
    ] {
        check.expect(!text.is_empty(), field, "is empty");
    }
    let at = &record.address;
    if !area::is_latitude(at.lat.into()) {
        check.fault(
            "address.lat",
            format!("expected degrees from -90 to 90, got {}", at.lat),
        );
    }
    if !area::is_longitude(at.lon.into()) {
        check.fault(
            "address.lon",
            format!("expected degrees from -180 to 180, got {}", at.lon),
        );
    }
    if !(0.0..=5.0).contains(&record.rating) {
        check.fault("rating", format!("expected 0 to 5, got {}", record.rating));
    }
    for (n, image) in record.images.iter().enumerate() {
        check.expect(
            !image.url.is_empty(),
            format!("images[{n}].url"),
            "is empty",
        );
    }
    let defaults = record.images.iter().filter(|image| image.default).count();
    check.expect(defaults <= 1, "images", "more than one is the default");
}

fn translate(all: &mut Catalogue, record: LocaleRecord, check: &mut Check) {
    if !is_language_tag(&record.locale) {
        check.fault(
            "locale",
            format!(
                "expected a BCP 47 tag such as de or de-AT, got {:?}",
                record.locale
            ),
        );
        return;
    }
    if record.locale.eq_ignore_ascii_case(BASE) {
        check.fault("locale", "is the language of hotels.json: say it there");
        return;
    }
    check.expect(!record.description.is_empty(), "description", "is empty");
    let Some(base) = all.base(&record.id) else {
        check.fault("id", "is no hotel of hotels.json");
        return;
    };
    let hotel = Hotel {
        description: record.description,
        name: record.name.unwrap_or(base.name),
        ..base
    };
    if !all.translate(&record.locale, &hotel) {
        check.fault("locale", "is given by an earlier record of the same hotel");
    }
}

/// The outer form of RFC 5646: a language of two to eight letters, then subtags of one to eight letters and digits.
fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    (2..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests;
