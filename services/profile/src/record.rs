//! The shapes of `hotels.json` and `locales.json`.

use hotel_proto::profile::{Address, Hotel, Image};
use serde::Deserialize;

/// One hotel, in English.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HotelRecord {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) phone_number: String,
    pub(crate) description: String,
    pub(crate) address: AddressRecord,
    /// Of five; 0 where nobody has rated the hotel.
    #[serde(default)]
    pub(crate) rating: f32,
    #[serde(default)]
    pub(crate) images: Vec<ImageRecord>,
}

/// Where its letters go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddressRecord {
    pub(crate) street_number: String,
    pub(crate) street_name: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) country: String,
    pub(crate) postal_code: String,
    pub(crate) lat: f32,
    pub(crate) lon: f32,
}

/// A picture of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageRecord {
    pub(crate) url: String,
    /// Whether it stands for the hotel in a list.
    #[serde(default)]
    pub(crate) default: bool,
}

/// One hotel in one more language; what is left out stays English.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocaleRecord {
    pub(crate) id: String,
    pub(crate) locale: String,
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

impl From<HotelRecord> for Hotel {
    fn from(record: HotelRecord) -> Self {
        Self {
            id: record.id,
            name: record.name,
            phone_number: record.phone_number,
            description: record.description,
            address: Some(record.address.into()),
            images: record.images.into_iter().map(Image::from).collect(),
            rating: record.rating,
        }
    }
}

impl From<AddressRecord> for Address {
    fn from(record: AddressRecord) -> Self {
        Self {
            street_number: record.street_number,
            street_name: record.street_name,
            city: record.city,
            state: record.state,
            country: record.country,
            postal_code: record.postal_code,
            lat: record.lat,
            lon: record.lon,
        }
    }
}

impl From<ImageRecord> for Image {
    fn from(record: ImageRecord) -> Self {
        Self {
            url: record.url,
            default: record.default,
        }
    }
}
