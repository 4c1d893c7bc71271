//! The data files that are part of the program, held against each other.

use std::collections::BTreeMap;

use hotel_proto::data::Source;
use serde::Deserialize;

/// What all files say of a hotel, at least in part.
#[derive(Deserialize)]
struct Record {
    id: String,
    lat: Option<f64>,
    lon: Option<f64>,
    address: Option<Address>,
}

#[derive(Deserialize)]
struct Address {
    lat: f64,
    lon: f64,
}

/// The hotels of a file, with their coordinates where it has them.
fn hotels(name: &str, text: &'static str) -> BTreeMap<String, Option<(f64, f64)>> {
    let mut all = BTreeMap::new();
    Source::embedded(name, text)
        .records(|record: Record, _| {
            let address = record.address.map(|at| (at.lat, at.lon));
            all.insert(record.id, address.or(record.lat.zip(record.lon)));
        })
        .unwrap();
    all
}

#[test]
fn the_files_agree_on_hotels_and_places() {
    let geo = hotels("geo.json", include_str!("../../../data/geo.json"));
    let profiles = hotels("hotels.json", include_str!("../../../data/hotels.json"));
    let inventory = hotels(
        "inventory.json",
        include_str!("../../../data/inventory.json"),
    );
    assert_eq!(geo, profiles);
    assert!(geo.keys().eq(inventory.keys()));
    assert!(geo.values().all(Option::is_some));
}
