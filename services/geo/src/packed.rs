//! `geo.bin`: where millions of hotels are, in columns and in the order of the tree.
//!
//! Its sections: degrees of latitude and of longitude as 64-bit floats, the end of each id as a 32-bit number, the ids.

use std::path::Path;

use hotel_proto::{
    area,
    data::{DataError, Kind, Packed, PackedWriter},
};

use crate::{Index, ids::Ids, sphere, tree};

const FILE: &str = "geo.bin";

const LAT: usize = 0;
const LON: usize = 1;
const ENDS: usize = 2;
const IDS: usize = 3;

/// Where a hotel is.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its id, which no other has.
    pub id: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// The numbers of so many hotels in an order in which neighbours stand close to each other.
///
/// Of each hotel this holds 36 bytes at a time.
pub fn order(hotels: u32, place: impl Fn(u32) -> Place) -> Vec<u32> {
    tree::order((0..hotels).map(|row| {
        let Place { lat, lon, .. } = place(row);
        sphere::unit(lat, lon)
    }))
}

/// Writes `geo.bin` into a folder, in this [`order`]. `place` is asked more than once for each hotel; `progress` hears how many are done.
///
/// # Errors
///
/// When the file cannot be written.
///
/// # Panics
///
/// When the ids are longer than 4 GiB together, or there are 2³² of them.
pub fn write(
    dir: &Path,
    order: &[u32],
    place: impl Fn(u32) -> Place,
    mut progress: impl FnMut(u32),
) -> Result<(), DataError> {
    let hotels = u32::try_from(order.len()).expect("there are fewer than 2³² hotels");
    let mut file = PackedWriter::create(dir, FILE, Kind::Geo, hotels)?;
    for row in order {
        file.write(&place(*row).lat.to_le_bytes())?;
    }
    file.next_section();
    for row in order {
        file.write(&place(*row).lon.to_le_bytes())?;
    }
    file.next_section();
    let mut end: u32 = 0;
    for row in order {
        let length = place(*row).id.len().try_into().ok();
        let sum = length.and_then(|length| end.checked_add(length));
        end = sum.expect("the ids are shorter than 4 GiB");
        file.write(&end.to_le_bytes())?;
    }
    file.next_section();
    for (done, row) in (1..).zip(order) {
        file.write(place(*row).id.as_bytes())?;
        progress(done);
    }
    file.finish()
}

/// Reads `geo.bin` of a folder, where there is one.
pub(crate) fn read(dir: &Path) -> Result<Option<Index>, DataError> {
    let Some(file) = Packed::open(dir, FILE, Kind::Geo)? else {
        return Ok(None);
    };
    let rows = file.rows() as usize;
    let lat = file.f64s(LAT, "the latitudes", rows)?;
    let lon = file.f64s(LON, "the longitudes", rows)?;
    let good = lat.iter().all(|lat| area::is_latitude(*lat))
        && lon.iter().all(|lon| area::is_longitude(*lon));
    if !good {
        return Err(file.shape("a latitude or a longitude is out of range".to_owned()));
    }
    let points = lat.into_iter().zip(lon);
    let points = points.map(|(lat, lon)| sphere::unit(lat, lon)).collect();
    let ends = file.u32s(ENDS, "the ends of the ids", rows)?;
    let ids = Ids::try_new(file.text(IDS, "the ids")?, ends)
        .ok_or_else(|| file.shape("the ends of the ids do not fit the ids".to_owned()))?;
    Ok(Some(Index::in_order(ids, points)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use hotel_proto::{
        area::{Point, Radius},
        limits::Limit,
    };

    use super::*;

    fn place(row: u32) -> Place {
        let spread = f64::from(row.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        Place {
            id: format!("hôtel {row}"),
            lat: 48.8 + spread / 10.0,
            lon: 2.3 + f64::from(row % 97) / 1000.0,
        }
    }

    #[test]
    fn a_file_answers_as_what_it_was_made_of() {
        let dir = tempfile::tempdir().unwrap();
        let mut done = 0;
        write(dir.path(), &order(500, place), place, |rows| done = rows).unwrap();
        assert_eq!(done, 500);
        let read = Index::from_dir(dir.path()).unwrap();
        let places = (0..500).map(place);
        let built = Index::new(places.map(|place| (place.id.into(), place.lat, place.lon)));
        assert_eq!(read.len(), 500);
        let around = |index: &Index| {
            let centre = Point::try_new(48.85, 2.34).unwrap();
            let found = index.nearest(centre, Radius::default(), Limit::default());
            found
                .iter()
                .map(|near| (near.id.to_owned(), near.metres))
                .collect::<Vec<_>>()
        };
        assert_eq!(around(&read), around(&built));
        assert_eq!(around(&read).len(), 20);
    }

    #[test]
    fn what_is_wrong_with_it_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let told = |place: fn(u32) -> Place| {
            write(dir.path(), &order(3, place), place, |_| {}).unwrap();
            Index::from_dir(dir.path()).unwrap_err().to_string()
        };
        let range = "geo.bin: a latitude or a longitude is out of range";
        let north = told(|row| Place {
            lat: 91.0,
            ..place(row)
        });
        assert!(north.ends_with(range), "{north}");
        let nowhere = told(|row| Place {
            lon: f64::NAN,
            ..place(row)
        });
        assert!(nowhere.ends_with(range), "{nowhere}");

        write(dir.path(), &order(3, place), place, |_| {}).unwrap();
        let path = dir.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let damaged = Index::from_dir(dir.path()).unwrap_err().to_string();
        assert!(
            damaged.ends_with("geo.bin: is damaged: the checksum of the ids differs"),
            "{damaged}"
        );
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let cut = Index::from_dir(dir.path()).unwrap_err().to_string();
        assert!(cut.contains("it was cut short"), "{cut}");
    }
}
