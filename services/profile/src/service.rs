//! Answers `profile.Profile`.

use std::sync::Arc;

use hotel_proto::{
    limits::check_hotel_ids,
    profile::{Request, Result as Answer, profile_server},
};
use tonic::{Response, Status};

use crate::Catalogue;

/// The profile service; a clone shares the catalogue.
#[derive(Clone, Debug)]
pub struct Profile {
    catalogue: Arc<Catalogue>,
}

impl Profile {
    /// Serves from a catalogue.
    pub fn new(catalogue: Catalogue) -> Self {
        Self {
            catalogue: Arc::new(catalogue),
        }
    }
}

/// The gRPC service, ready to be served.
pub fn service(profile: Profile) -> profile_server::ProfileServer<Profile> {
    profile_server::ProfileServer::new(profile)
}

#[tonic::async_trait]
impl profile_server::Profile for Profile {
    async fn get_profiles(
        &self,
        request: tonic::Request<Request>,
    ) -> Result<Response<Answer>, Status> {
        let Request { hotel_ids, locale } = request.into_inner();
        let hotel_ids = hotel_ids.unwrap_or_default();
        check_hotel_ids(&hotel_ids)?;

        let hotels = self.catalogue.profiles(&hotel_ids, &locale)?;
        Ok(Response::new(Answer {
            hotels: Some(hotels),
        }))
    }
}

#[cfg(test)]
mod tests {
    use hotel_proto::profile::{Hotel, profile_client::ProfileClient};
    use prost::Message;

    use super::*;

    async fn ask(ids: &[&str], locale: &str) -> Result<Vec<Hotel>, Status> {
        let profile = Profile::new(Catalogue::embedded().unwrap());
        let request = Request {
            hotel_ids: Some(ids.iter().collect()),
            locale: locale.into(),
        };
        let answer = ProfileClient::new(service(profile))
            .get_profiles(request)
            .await?;
        let hotels = answer.into_inner().hotels.unwrap_or_default();
        Ok(hotels
            .iter()
            .map(|hotel| Hotel::decode(hotel).unwrap())
            .collect())
    }

    #[tokio::test]
    async fn profiles_come_in_the_order_asked_for() {
        let hotels = ask(&["3", "nowhere", "5"], "").await.unwrap();
        let names: Vec<_> = hotels.iter().map(|hotel| &*hotel.name).collect();
        assert_eq!(names, ["Hotel Zetta", "Phoenix Hotel"]);
        let address = hotels[1].address.as_ref().unwrap();
        assert_eq!(
            (&*address.street_number, &*address.street_name),
            ("601", "Eddy St")
        );
        assert_eq!((address.lat, address.lon), (37.7831, -122.4181));
        assert_eq!(
            (&*hotels[1].phone_number, hotels[1].rating),
            ("(415) 776-1380", 4.2)
        );
    }

    #[tokio::test]
    async fn the_language_is_the_closest_there_is() {
        let german = ask(&["5"], "de-AT").await.unwrap();
        assert!(german[0].description.starts_with("Ein flaches Motel"));
        assert_eq!(
            ask(&["5"], "fr").await.unwrap(),
            ask(&["5"], "en").await.unwrap()
        );
    }

    #[tokio::test]
    async fn a_long_list_is_refused() {
        let status = ask(&["1"; 1001], "").await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(status.message().starts_with("hotelIds: expected "));
    }
}
