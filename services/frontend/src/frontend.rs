//! The frontend as a whole.

use std::sync::Arc;

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{Method, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use bellhop::limit::TooMany;
use hotel_proto::{Channel, profile::profile_server, search::search_server};

use tower::{ServiceBuilder, layer::layer_fn, util::option_layer};

use crate::{
    MeshPage, Settings,
    degraded::Teller,
    error::Fault,
    guard,
    hotels::{self, Upstreams},
    identity::{self, Tell},
    mesh_page, page,
    readiness::{self, Dependency},
};

/// The HTTP door of Hotels over its channels to search and profile.
#[derive(Clone, Debug)]
pub struct Frontend<S, P = S> {
    upstreams: Upstreams<S, P>,
    dependencies: Vec<Dependency>,
    settings: Settings,
}

impl<S: Channel, P: Channel> Frontend<S, P> {
    /// Answers by asking search and profile over these channels; both are dependencies of `/readyz`.
    pub fn new(search: S, profile: P, settings: Settings) -> Self {
        let teller = Teller(settings.degraded.clone());
        let upstreams = Upstreams::new(search.clone(), profile.clone(), teller);
        let frontend = Self {
            upstreams,
            dependencies: Vec::new(),
            settings,
        };
        frontend
            .with_dependency("search", search_server::SERVICE_NAME, search)
            .with_dependency("profile", profile_server::SERVICE_NAME, profile)
    }

    /// Adds a service that `/readyz` asks after, such as what search depends on in its turn.
    ///
    /// `name` is how the answer calls it, `service` its gRPC name (`geo.Geo`), which the standard health service behind the
    /// channel is asked for.
    #[must_use]
    pub fn with_dependency<C: Channel>(
        self,
        name: &'static str,
        service: &'static str,
        channel: C,
    ) -> Self {
        self.depending(Dependency::new(name, true, service, channel))
    }

    /// The same for a service that answers can do without: while it is missing, `/readyz` says so and stays 200.
    #[must_use]
    pub fn with_optional_dependency<C: Channel>(
        self,
        name: &'static str,
        service: &'static str,
        channel: C,
    ) -> Self {
        self.depending(Dependency::new(name, false, service, channel))
    }

    fn depending(mut self, dependency: Dependency) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// Every route, ready to be served. It needs a runtime with timers.
    pub fn router(&self) -> Router {
        let Settings {
            deadline, trace_id, ..
        } = self.settings;
        let failures = self.settings.failures.clone();
        let limit = self.settings.limit.as_ref();
        let limit = limit.map(|limit| limit.layer(too_many as fn(TooMany) -> Response));
        let dependencies: Arc<[Dependency]> = self.dependencies.as_slice().into();
        let answer = move |upstreams: State<Arc<Upstreams<S, P>>>, query: RawQuery| {
            guard::in_time(deadline, hotels::answer(upstreams, query))
        };
        let hotels = Router::new()
            .route("/hotels", get(answer))
            // Routes are cloned for each request, with all that they hold.
            .with_state(Arc::new(self.upstreams.clone()))
            .layer(
                // Outermost first, and together: each layer of a router has a box of its own.
                ServiceBuilder::new()
                    // Around the limit and the deadline, so that pages elsewhere can read a 429 and a 504 too.
                    .map_response(hotels::readable_anywhere)
                    .option_layer(limit.clone()),
            );

        let Settings {
            page,
            mesh_page,
            overview,
            allow_chaos,
            ..
        } = &self.settings;
        let has_mesh = *mesh_page != MeshPage::Off && overview.is_some();
        let mesh = mesh_page::router(*mesh_page, overview.as_ref(), page, *allow_chaos);
        let rest = page::router(page)
            .merge(mesh)
            .route("/openapi.json", get(described))
            .fallback(not_found);
        let teller = identity::Teller { trace_id, failures };
        Router::new()
            .merge(hotels)
            .merge(rest.layer(option_layer(limit)))
            // The page is one request to whoever opens it, however many files it has.
            .merge(page::parts(page, has_mesh, has_mesh && *allow_chaos))
            .route("/healthz", get(readiness::alive))
            .route("/readyz", get(readiness::ready).with_state(dependencies))
            .method_not_allowed_fallback(method_not_allowed)
            .layer(layer_fn(move |route| Tell::new(route, teller.clone())))
    }
}

/// The description of the HTTP API.
async fn described() -> Response {
    const DESCRIPTION: &str = include_str!("../openapi.json");
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION).into_response()
}

fn too_many(refused: TooMany) -> Response {
    Fault::too_many(refused).into_response()
}

async fn method_not_allowed(method: Method) -> Fault {
    Fault::method_not_allowed(method.as_str())
}

async fn not_found(uri: Uri) -> Fault {
    Fault::not_found(uri.path())
}
