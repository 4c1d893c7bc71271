//! A member to call: a service of many tempers, and one that is broken.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::{Ready, pending, ready},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bellhop::{Mesh, Services, Serving, server::RequestBody};
use bytes::Bytes;
use e2e::{Registry, until};
use hotel_proto::{
    FILE_DESCRIPTOR_SET,
    geo::{
        Request as Ask, Result as Answer,
        geo_client::GeoClient,
        geo_server::{Geo, GeoServer},
    },
};
use tokio::sync::Notify;
use tonic::{Request, Response, Status, body::Body, server::NamedService, transport::Endpoint};
use tower::Service;

/// What to do is in the latitude of a request.
pub(crate) const PANIC: f32 = 1.0;
pub(crate) const HANG: f32 = 2.0;
pub(crate) const TAKE_TIME: f32 = 3.0;
pub(crate) const ASK_THE_NEXT: f32 = 4.0;
pub(crate) const TELL_TIMEOUT: f32 = 5.0;

/// A service of many tempers.
#[derive(Clone)]
struct Moody {
    next: GeoClient<bellhop::Channel>,
    given_up: Arc<AtomicBool>,
    hanging: Arc<Notify>,
}

/// Says that a handler's future has gone.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl Geo for Moody {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let told = request.metadata().get("grpc-timeout");
        let told = told.map(|value| value.to_str().expect("a timeout").to_owned());
        let lat = request.get_ref().lat;
        if lat == PANIC {
            panic!("as asked");
        } else if lat == HANG {
            let _gone = Gone(self.given_up.clone());
            self.hanging.notify_one();
            pending::<()>().await;
        } else if lat == TAKE_TIME {
            tokio::time::sleep(Duration::from_millis(500)).await;
        } else if lat == ASK_THE_NEXT {
            return self.next.clone().nearby(ask(TELL_TIMEOUT)).await;
        }
        let hotel_ids = Some(told.into_iter().collect());
        Ok(Response::new(Answer {
            hotel_ids,
            distances_m: Vec::new(),
        }))
    }
}

pub(crate) fn ask(lat: f32) -> Ask {
    Ask {
        lat,
        ..Ask::default()
    }
}

/// A service whose stream of answers panics.
#[derive(Clone)]
struct Broken;

impl NamedService for Broken {
    const NAME: &'static str = "test.Broken";
}

impl Service<http::Request<RequestBody>> for Broken {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<RequestBody>) -> Self::Future {
        ready(Ok(http::Response::new(Body::new(PanickingBody))))
    }
}

struct PanickingBody;

impl http_body::Body for PanickingBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        panic!("in the middle of a stream")
    }
}

/// A registry, a member, and what its callers need.
pub(crate) struct Stage {
    pub(crate) registry: Registry,
    pub(crate) serving: Option<Serving>,
    pub(crate) mesh: Mesh,
    pub(crate) address: SocketAddr,
    pub(crate) given_up: Arc<AtomicBool>,
    pub(crate) hanging: Arc<Notify>,
}

impl Stage {
    /// Returns once a handler hangs.
    pub(crate) async fn hung(&self) {
        self.hanging.notified().await;
    }

    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let registry = Registry::mini().await;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut settings: BTreeMap<String, String> = settings.iter().map(owned).collect();
        settings.insert(
            "CONSUL_HTTP_ADDR".to_owned(),
            registry.address().to_string(),
        );
        let mesh = Mesh::from_source("moody", &settings).unwrap();
        let given_up = Arc::<AtomicBool>::default();
        let hanging = Arc::<Notify>::default();
        let serving = mesh
            .start(|mesh| {
                let next = GeoClient::new(mesh.channel("moody"));
                let moody = Moody {
                    next,
                    given_up: given_up.clone(),
                    hanging: hanging.clone(),
                };
                Services::new()
                    .with(GeoServer::new(moody))
                    .with(Broken)
                    .describe(FILE_DESCRIPTOR_SET)
            })
            .await
            .unwrap();
        until("a member that passes", || async {
            (registry.passing("moody").await.len() == 1).then_some(())
        })
        .await;
        let address = serving.address();
        Self {
            registry,
            serving: Some(serving),
            mesh,
            address,
            given_up,
            hanging,
        }
    }

    pub(crate) fn client(&self) -> GeoClient<bellhop::Channel> {
        GeoClient::new(self.mesh.channel("moody"))
    }

    /// tonic's own channel, straight to the member.
    pub(crate) async fn plain(&self) -> tonic::transport::Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        endpoint.connect().await.unwrap()
    }
}
