use std::future::{Ready, pending, ready};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode},
};
use frontend::{Frontend, Settings};
use hotel_proto::{
    Channel,
    profile::{self, Hotel, profile_server},
    search::{NearbyRequest, SearchResult, search_server},
    view::Encoded,
};
use http_body_util::BodyExt;
use prost::Message;
use tonic::Status;
use tower::ServiceExt;

/// The request of WIRE: a stay of one night around the city's centre.
pub(crate) const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";

pub(crate) fn real_search() -> impl Channel {
    search_over(real_geo(), real_rate())
}

pub(crate) fn real_geo() -> impl Channel {
    geo::service(geo::Geo::new(geo::Index::embedded().unwrap()))
}

pub(crate) fn real_rate() -> impl Channel {
    rate::service(rate::Rate::new(rate::Inventory::embedded().unwrap()))
}

/// The search service as it is, over others.
pub(crate) fn search_over(geo: impl Channel, rate: impl Channel) -> impl Channel {
    search::service(search::Search::new(geo, rate))
}

pub(crate) fn real_profile() -> impl Channel {
    let catalogue = ::profile::Catalogue::embedded().unwrap();
    ::profile::service(::profile::Profile::new(catalogue))
}

pub(crate) fn real() -> Router {
    over(real_search(), real_profile())
}

pub(crate) fn over(search: impl Channel, profile: impl Channel) -> Router {
    Frontend::new(search, profile, Settings::default()).router()
}

/// A search that always finds the same.
#[derive(Clone)]
pub(crate) struct Finds(pub(crate) SearchResult);

impl Finds {
    pub(crate) fn channel(self) -> impl Channel {
        search_server::SearchServer::new(self)
    }
}

#[tonic::async_trait]
impl search_server::Search for Finds {
    async fn nearby(
        &self,
        _: tonic::Request<NearbyRequest>,
    ) -> Result<tonic::Response<SearchResult>, Status> {
        Ok(tonic::Response::new(self.0.clone()))
    }
}

/// A profile that always gives the same answer.
#[derive(Clone)]
pub(crate) struct Describes(pub(crate) Encoded<1>);

impl From<Vec<Hotel>> for Describes {
    fn from(hotels: Vec<Hotel>) -> Self {
        Self(hotels.iter().map(Hotel::encode_to_vec).collect())
    }
}

impl Describes {
    pub(crate) fn channel(self) -> impl Channel {
        profile_server::ProfileServer::new(self)
    }
}

#[tonic::async_trait]
impl profile_server::Profile for Describes {
    async fn get_profiles(
        &self,
        _: tonic::Request<profile::Request>,
    ) -> Result<tonic::Response<profile::Result>, Status> {
        let hotels = Some(self.0.clone());
        Ok(tonic::Response::new(profile::Result { hotels }))
    }
}

type Grpc = Response<tonic::body::Body>;

/// A service that answers every call with one status.
pub(crate) fn failing(status: Status) -> impl Channel {
    let answer = move |_: Request<tonic::body::Body>| -> Ready<Result<Grpc, Status>> {
        ready(Ok(status.clone().into_http()))
    };
    tower::service_fn(answer)
}

/// A service that never answers.
pub(crate) fn silent() -> impl Channel {
    tower::service_fn(|_: Request<tonic::body::Body>| pending::<Result<Grpc, Status>>())
}

/// A service that nobody may ask.
pub(crate) fn untouchable() -> impl Channel {
    let answer = |_: Request<tonic::body::Body>| -> Ready<Result<Grpc, Status>> {
        panic!("asked for nothing")
    };
    tower::service_fn(answer)
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// A header as text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn get(router: &Router, uri: &str) -> Answer {
    send(router, Request::get(uri)).await
}

pub(crate) async fn send(router: &Router, request: axum::http::request::Builder) -> Answer {
    let request = request.body(Body::empty()).unwrap();
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        // What is no text is none here: those who look at an answer's text expect some.
        body: String::from_utf8(body.into()).unwrap_or_default(),
    }
}
