//! What hotels are like.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use tonic::{Request, Response, Status};

use super::proto::profile::{self as proto, Address, Hotel, profile_server};
use crate::Failure;

const HOTELS: &str = include_str!("../../../../data/hotels.json");

pub(crate) struct Profile {
    hotels: Arc<HashMap<String, Hotel>>,
}

/// The service, ready to be served.
pub(crate) fn service() -> Result<profile_server::ProfileServer<Profile>, Failure> {
    let records: Vec<HotelRecord> = serde_json::from_str(HOTELS)?;
    let hotels = records.into_iter().map(HotelRecord::hotel);
    let hotels = hotels.map(|hotel| (hotel.id.clone(), hotel)).collect();
    let hotels = Arc::new(hotels);
    Ok(profile_server::ProfileServer::new(Profile { hotels }))
}

#[tonic::async_trait]
impl profile_server::Profile for Profile {
    async fn get_profiles(
        &self,
        request: Request<proto::Request>,
    ) -> Result<Response<proto::Result>, Status> {
        let ids = request.into_inner().hotel_ids;
        let hotels = ids.iter().filter_map(|id| self.hotels.get(id));
        let hotels = hotels.cloned().collect();
        Ok(Response::new(proto::Result { hotels }))
    }
}

/// As the file has it; none of ours has images.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HotelRecord {
    id: String,
    name: String,
    phone_number: String,
    description: String,
    address: AddressRecord,
    rating: f32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressRecord {
    street_number: String,
    street_name: String,
    city: String,
    state: String,
    country: String,
    postal_code: String,
    lat: f32,
    lon: f32,
}

impl HotelRecord {
    fn hotel(self) -> Hotel {
        let address = self.address;
        Hotel {
            id: self.id,
            name: self.name,
            phone_number: self.phone_number,
            description: self.description,
            address: Some(Address {
                street_number: address.street_number,
                street_name: address.street_name,
                city: address.city,
                state: address.state,
                country: address.country,
                postal_code: address.postal_code,
                lat: address.lat,
                lon: address.lon,
            }),
            images: Vec::new(),
            rating: self.rating,
        }
    }
}
