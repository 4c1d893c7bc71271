//! What both ends of every hop agree on: the same question and the same answer, whoever carries them.

use hotel_proto::geo::{self, geo_server};
use tonic::{Request, Response, Status};

/// As many as the data of Hotels has near the example's point.
const HOTELS: u16 = 16;

/// Answers at once, so that a call costs what carrying it costs.
pub(crate) struct Stub {
    answer: geo::Result,
}

impl Stub {
    pub(crate) fn new() -> Self {
        Self { answer: answer() }
    }
}

#[tonic::async_trait]
impl geo_server::Geo for Stub {
    async fn nearby(&self, _: Request<geo::Request>) -> Result<Response<geo::Result>, Status> {
        Ok(Response::new(self.answer.clone()))
    }
}

pub(crate) fn question() -> geo::Request {
    geo::Request {
        lat: 37.7749,
        lon: -122.4194,
        ..geo::Request::default()
    }
}

pub(crate) fn answer() -> geo::Result {
    geo::Result {
        hotel_ids: Some((1..=HOTELS).map(|id| id.to_string()).collect()),
        distances_m: (1..=HOTELS).map(|id| f32::from(id) * 100.0).collect(),
    }
}
