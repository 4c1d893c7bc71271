//! `hotels.bin`: what millions of hotels are like, in English, each read when it is asked for.
//!
//! A record is the hotel as it goes over the wire.

use std::path::Path;

use hotel_proto::{
    data::{DataError, Kind, Records, Table},
    profile::Hotel,
    view,
};
use prost::Message;

const FILE: &str = "hotels.bin";

/// Writes `hotels.bin` into a folder: of `hotels` hotels their ids, and what they are like, each asked for by its number, in whose
/// order they stand in the file; `progress` hears how many are done.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write(
    dir: &Path,
    hotels: u32,
    id: impl Fn(u32) -> String,
    hotel: impl Fn(u32) -> Hotel,
    progress: impl FnMut(u32),
) -> Result<(), DataError> {
    let profiles = Profiles { hotels, id, hotel };
    Table::write(dir, FILE, Kind::Profile, &profiles, progress)
}

struct Profiles<I, H> {
    hotels: u32,
    id: I,
    hotel: H,
}

impl<I: Fn(u32) -> String, H: Fn(u32) -> Hotel> Records for Profiles<I, H> {
    fn rows(&self) -> u32 {
        self.hotels
    }

    fn id(&self, row: u32) -> String {
        (self.id)(row)
    }

    fn record(&self, row: u32, out: &mut Vec<u8>) {
        out.extend((self.hotel)(row).encode_to_vec());
    }
}

/// Opens `hotels.bin` of a folder, where there is one.
pub(crate) fn open(dir: &Path) -> Result<Option<Table>, DataError> {
    Table::open(dir, FILE, Kind::Profile)
}

/// The record of a hotel, if it is one.
pub(crate) fn hotel<'b>(table: &Table, id: &str, record: &'b [u8]) -> Result<&'b [u8], DataError> {
    match view::Hotel::<view::Checked<'_>>::read(record) {
        Ok(_) => Ok(record),
        Err(error) => Err(table.shape(format!("the record of hotel {id:?}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    fn hotel(row: u32) -> Hotel {
        Hotel {
            id: row.to_string(),
            name: format!("Hotel {row}"),
            ..Hotel::default()
        }
    }

    #[test]
    fn profiles_come_from_the_file_in_the_order_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 50, |row| row.to_string(), hotel, |_| {}).unwrap();
        let all = Catalogue::from_dir(dir.path()).unwrap();
        assert_eq!(all.len(), 50);
        let found = all.profiles(["7", "50", "0", "7"], "de").unwrap();
        let expected = [7, 0, 7].map(|row| hotel(row).encode_to_vec());
        assert!(found.iter().eq(expected.iter().map(Vec::as_slice)));
    }

    #[test]
    fn a_record_that_is_no_hotel_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let nonsense = vec![("a".to_owned(), vec![0xFF; 3])];
        Table::write(dir.path(), FILE, Kind::Profile, &nonsense, |_| {}).unwrap();
        let all = Catalogue::from_dir(dir.path()).unwrap();
        let told = all.profiles(["a"], "en").unwrap_err().to_string();
        assert!(
            told.contains("hotels.bin: the record of hotel \"a\": "),
            "{told}"
        );
    }
}
