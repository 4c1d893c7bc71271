//! Reads `geo.json`.

use std::{collections::HashSet, path::Path};

use hotel_proto::{
    area,
    data::{Check, DataError, Source},
};
use serde::Deserialize;

use crate::{Index, packed};

const FILE: &str = "geo.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: Box<str>,
    lat: f64,
    lon: f64,
}

impl Index {
    /// The places that are part of the program.
    ///
    /// # Errors
    ///
    /// As [`Index::from_dir`]; a test holds that there are none.
    pub fn embedded() -> Result<Self, DataError> {
        Self::from_source(&Source::embedded(
            FILE,
            include_str!("../../../data/geo.json"),
        ))
    }

    /// Reads `geo.bin` of a folder, and where there is none `geo.json`.
    ///
    /// # Errors
    ///
    /// Names the file and what is wrong with it: of `geo.json` each bad record with its field: no id or one that is used twice, degrees out of range.
    pub fn from_dir(dir: &Path) -> Result<Self, DataError> {
        match packed::read(dir)? {
            Some(index) => Ok(index),
            None => Self::from_source(&Source::from_dir(dir, FILE)?),
        }
    }

    fn from_source(source: &Source) -> Result<Self, DataError> {
        let mut seen = HashSet::new();
        let mut hotels = Vec::new();
        source.records(|record: Record, check| {
            check_record(&record, check);
            check.expect(
                seen.insert(record.id.clone()),
                "id",
                "is used by an earlier record",
            );
            hotels.push((record.id, record.lat, record.lon));
        })?;
        Ok(Self::new(hotels))
    }
}

fn check_record(record: &Record, check: &mut Check) {
    check.expect(!record.id.is_empty(), "id", "is empty");
    if !area::is_latitude(record.lat) {
        check.fault(
            "lat",
            format!("expected degrees from -90 to 90, got {}", record.lat),
        );
    }
    if !area::is_longitude(record.lon) {
        check.fault(
            "lon",
            format!("expected degrees from -180 to 180, got {}", record.lon),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_places_are_good() {
        assert_eq!(Index::embedded().unwrap().len(), 16);
    }

    #[test]
    fn every_bad_record_is_named() {
        let bad = r#"[{"id":"1","lat":1,"lon":2},
            {"id":"1","lat":91,"lon":-180.5},
            {"id":"","lat":1,"lon":2},
            {"id":"4","lat":1,"long":2}]"#;
        let told = Index::from_source(&Source::embedded(FILE, bad))
            .unwrap_err()
            .to_string();
        assert_eq!(
            told.lines().collect::<Vec<_>>(),
            [
                r#"geo.json[1] (id "1", line 2): lat: expected degrees from -90 to 90, got 91"#,
                r#"geo.json[1] (id "1", line 2): lon: expected degrees from -180 to 180, got -180.5"#,
                r#"geo.json[1] (id "1", line 2): id: is used by an earlier record"#,
                r#"geo.json[2] (id "", line 3): id: is empty"#,
                r#"geo.json[3] (id "4", line 4): long: unknown field `long`, expected one of `id`, `lat`, `lon`"#,
            ]
        );
    }
}
