//! Three hops to try: an HTTP member and a gRPC one in the middle, both of which ask a leaf that does as it is told.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use bellhop::{App, Channel, Mesh, Neighbours, Services, Serving, context::Scope};
use e2e::{PATIENCE, Registry, until};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_client::GeoClient,
    geo_server::{Geo, GeoServer},
};
use tokio::{sync::watch, task::JoinHandle};
use tonic::{Request, Response, Status, transport::Endpoint};

/// What to do is in the latitude of a request: to hang, or to take some time.
pub(crate) const HANG: f32 = 1.0;
pub(crate) const TAKE_TIME: f32 = 2.0;
/// Longer than a call waits for an instance to be there.
const SOME_TIME: Duration = Duration::from_millis(1500);

/// How many handlers have begun and how many futures of theirs are gone.
#[derive(Clone, Debug)]
pub(crate) struct Handlers {
    begun: watch::Sender<usize>,
    gone: watch::Sender<usize>,
}

/// Counts its own end.
#[derive(Debug)]
pub(crate) struct Gone(watch::Sender<usize>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.send_modify(|gone| *gone += 1);
    }
}

impl Handlers {
    pub(crate) fn new() -> Self {
        Self {
            begun: watch::Sender::new(0),
            gone: watch::Sender::new(0),
        }
    }

    pub(crate) fn begin(&self) -> Gone {
        self.begun.send_modify(|begun| *begun += 1);
        Gone(self.gone.clone())
    }

    /// How many have begun.
    pub(crate) fn so_far(&self) -> usize {
        *self.begun.borrow()
    }

    /// Returns once so many have begun.
    pub(crate) async fn begun(&self, count: usize) {
        reach(&self.begun, count, "handlers that begin").await;
    }

    /// Returns once so many are gone.
    pub(crate) async fn gone(&self, count: usize) {
        reach(&self.gone, count, "handlers that are dropped").await;
    }
}

async fn reach(counter: &watch::Sender<usize>, count: usize, what: &str) {
    let mut counter = counter.subscribe();
    let reached = counter.wait_for(|value| *value >= count);
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    reached.expect(what).expect("the counter lives");
}

#[derive(Clone)]
struct Leaf(Handlers);

#[tonic::async_trait]
impl Geo for Leaf {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let _gone = self.0.begin();
        match request.get_ref().lat {
            HANG => pending().await,
            TAKE_TIME => tokio::time::sleep(SOME_TIME).await,
            _ => {}
        }
        Ok(Response::new(Answer::default()))
    }
}

#[derive(Clone)]
struct Middle(GeoClient<Channel>);

#[tonic::async_trait]
impl Geo for Middle {
    async fn nearby(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        self.0.clone().nearby(request.into_inner()).await
    }
}

/// Asks the middle whatever its caller says.
async fn front(State(next): State<GeoClient<Channel>>, lat: String) -> StatusCode {
    let asked = next.clone().nearby(ask(lat.parse().unwrap_or(0.0))).await;
    asked.map_or(StatusCode::BAD_GATEWAY, |_| StatusCode::OK)
}

async fn front_hangs(State(next): State<GeoClient<Channel>>) -> StatusCode {
    front(State(next), HANG.to_string()).await
}

async fn front_takes_time(State(next): State<GeoClient<Channel>>) -> StatusCode {
    front(State(next), TAKE_TIME.to_string()).await
}

/// What its caller lets it try.
async fn front_attempts() -> String {
    format!("{:?}", Scope::current().attempts)
}

async fn front_answers(State(next): State<GeoClient<Channel>>) -> StatusCode {
    front(State(next), String::new()).await
}

pub(crate) fn ask(lat: f32) -> Ask {
    Ask {
        lat,
        ..Ask::default()
    }
}

async fn serve<A: Into<App>>(mesh: &Mesh, app: impl Fn(&Mesh) -> A) -> Serving {
    mesh.start(app).await.expect("a member that serves")
}

/// The hops, and who calls them.
pub(crate) struct Stage {
    _registry: Registry,
    pub(crate) mesh: Mesh,
    /// Those of the hops.
    pub(crate) members: [Mesh; 3],
    pub(crate) handlers: Handlers,
    pub(crate) front: Option<Serving>,
    pub(crate) middle: Option<Serving>,
    leaf: Serving,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        Self::start(settings, None).await
    }

    /// Hops without connections between them.
    pub(crate) async fn in_memory(settings: &[(&str, &str)]) -> Self {
        Self::start(settings, Some(Neighbours::default())).await
    }

    async fn start(settings: &[(&str, &str)], neighbours: Option<Neighbours>) -> Self {
        let registry = Registry::mini().await;
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut settings: BTreeMap<String, String> = settings.iter().map(owned).collect();
        settings.insert(
            "CONSUL_HTTP_ADDR".to_owned(),
            registry.address().to_string(),
        );
        let mesh = |name: &str| {
            let mesh = Mesh::from_source(name, &settings).unwrap();
            match &neighbours {
                Some(neighbours) => mesh.beside(neighbours),
                None => mesh,
            }
        };
        let meshes = ["leaf", "middle", "front"].map(mesh);
        let handlers = Handlers::new();
        let leaf = GeoServer::new(Leaf(handlers.clone()));
        let leaf = serve(&meshes[0], |_| Services::new().with(leaf.clone())).await;
        let middle = serve(&meshes[1], |mesh| {
            let middle = Middle(GeoClient::new(mesh.channel("leaf")));
            Services::new().with(GeoServer::new(middle))
        });
        let middle = middle.await;
        let front = serve(&meshes[2], |mesh| {
            let routes = Router::new()
                .route("/healthz", get(async || StatusCode::OK))
                .route("/readyz", get(async || StatusCode::OK))
                .route("/attempts", get(front_attempts))
                .route("/hang", get(front_hangs))
                .route("/take-time", get(front_takes_time))
                .route("/answer", get(front_answers).post(front));
            App::http(routes.with_state(GeoClient::new(mesh.channel("middle"))))
        });
        let front = front.await;
        for service in ["leaf", "middle"] {
            until("members that pass", || async {
                (registry.passing(service).await.len() == 1).then_some(())
            })
            .await;
        }
        Self {
            _registry: registry,
            mesh: mesh("caller"),
            members: meshes,
            handlers,
            front: Some(front),
            middle: Some(middle),
            leaf,
        }
    }

    /// Asks the middle, which asks the leaf.
    pub(crate) fn client(&self) -> GeoClient<Channel> {
        GeoClient::new(self.mesh.channel("middle"))
    }

    /// tonic's own channel, straight to the middle.
    pub(crate) async fn plain(&self) -> GeoClient<tonic::transport::Channel> {
        plain(self.middle_address()).await
    }

    /// The same, straight to the leaf.
    pub(crate) async fn leaf(&self) -> GeoClient<tonic::transport::Channel> {
        plain(self.leaf.address()).await
    }

    pub(crate) fn middle_address(&self) -> SocketAddr {
        self.middle.as_ref().expect("a middle").address()
    }

    pub(crate) fn front_address(&self) -> SocketAddr {
        self.front.as_ref().expect("a front").address()
    }
}

/// tonic's own channel to whoever is there.
pub(crate) async fn plain(address: SocketAddr) -> GeoClient<tonic::transport::Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    GeoClient::new(endpoint.connect().await.unwrap())
}

/// Counts answers of callers that ask on and on.
#[derive(Debug)]
pub(crate) struct Callers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<usize, String>>>,
    answered: watch::Sender<usize>,
}

impl Callers {
    /// So many that ask at once what `ask` asks, as soon as they have an answer.
    pub(crate) fn start<F>(count: usize, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send,
    {
        let (stop, answered) = (watch::Sender::new(false), watch::Sender::new(0));
        let ask = Arc::new(ask);
        let caller = |_| {
            let (ask, stop, answered) = (ask.clone(), stop.clone(), answered.clone());
            tokio::spawn(async move {
                let mut own = 0;
                while !*stop.borrow() {
                    ask().await?;
                    own += 1;
                    answered.send_modify(|count| *count += 1);
                }
                Ok(own)
            })
        };
        let tasks = (0..count).map(caller).collect();
        Self {
            stop,
            tasks,
            answered,
        }
    }

    /// Returns once so many more have been answered; panics where one fails.
    pub(crate) async fn pass(&mut self, more: usize) {
        let enough = *self.answered.borrow() + more;
        until("callers that go on", || {
            let failed = self.tasks.iter().position(JoinHandle::is_finished);
            let passed = failed.is_some() || *self.answered.borrow() >= enough;
            async move { passed.then_some(()) }
        })
        .await;
        if let Some(failed) = self.tasks.iter().position(JoinHandle::is_finished) {
            let failed = self.tasks.swap_remove(failed).await;
            panic!("a call is lost: {:?}", failed.expect("a caller"));
        }
    }

    /// All answers; panics where one failed.
    pub(crate) async fn stop(self) -> usize {
        self.stop.send_replace(true);
        let mut all = 0;
        for task in self.tasks {
            all += task.await.expect("a caller").expect("no call is lost");
        }
        all
    }
}
