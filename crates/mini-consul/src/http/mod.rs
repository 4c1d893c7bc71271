//! The HTTP API: which path is answered by what.

mod acl;
mod agent;
mod agent_checks;
mod blocking;
mod catalog;
mod decode;
mod definitions;
mod health;
mod kv;
mod params;
mod reply;
mod status;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use http::{Method, StatusCode, header};

use self::reply::ApiError;
use crate::app::App;

/// The longest body of a registration.
const MAX_BODY: usize = 1024 * 1024;

type Routes = Router<Arc<App>>;

/// Everything that is served.
pub(crate) fn router(app: Arc<App>) -> Router {
    let routes = ui::routes(Routes::new());
    let routes = agent_routes(routes);
    let routes = agent_check_routes(routes);
    let routes = catalog_routes(routes);
    let routes = exact(routes, "/v1/status/leader", get(status::leader), "GET");
    let routes = exact(routes, "/v1/status/peers", get(status::peers), "GET");
    let authorize = "/v1/internal/acl/authorize";
    let routes = exact(routes, authorize, post(acl::disabled), "POST");
    let keys = get(kv::read).put(kv::write).delete(kv::delete);
    let routes = below(routes, "/v1/kv", keys, "GET,PUT,DELETE");
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(clean_path))
        .with_state(app)
}

fn agent_routes(routes: Routes) -> Routes {
    let routes = exact(routes, "/v1/agent/self", get(agent::myself), "GET");
    let routes = exact(routes, "/v1/agent/members", get(agent::members), "GET");
    let routes = exact(routes, "/v1/agent/services", get(agent::services), "GET");
    let routes = exact(
        routes,
        "/v1/agent/maintenance",
        put(agent::node_maintenance),
        "PUT",
    );
    let routes = exact(
        routes,
        "/v1/agent/service/register",
        put(agent::register),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/service/deregister",
        put(agent::deregister),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/service/maintenance",
        put(agent::service_maintenance),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/health/service/name",
        get(agent::health_by_name),
        "GET",
    );
    let routes = below(
        routes,
        "/v1/agent/health/service/id",
        get(agent::health_by_id),
        "GET",
    );
    below(routes, "/v1/agent/service", get(agent::service), "GET")
}

fn agent_check_routes(routes: Routes) -> Routes {
    let routes = exact(routes, "/v1/agent/checks", get(agent_checks::checks), "GET");
    let routes = exact(
        routes,
        "/v1/agent/check/register",
        put(agent_checks::register),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/check/deregister",
        put(agent_checks::deregister),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/check/pass",
        put(agent_checks::pass),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/check/warn",
        put(agent_checks::warn),
        "PUT",
    );
    let routes = below(
        routes,
        "/v1/agent/check/fail",
        put(agent_checks::fail),
        "PUT",
    );
    below(
        routes,
        "/v1/agent/check/update",
        put(agent_checks::update),
        "PUT",
    )
}

fn catalog_routes(routes: Routes) -> Routes {
    let routes = exact(
        routes,
        "/v1/catalog/datacenters",
        get(catalog::datacenters),
        "GET",
    );
    let routes = exact(routes, "/v1/catalog/nodes", get(catalog::nodes), "GET");
    let routes = exact(
        routes,
        "/v1/catalog/services",
        get(catalog::services),
        "GET",
    );
    let routes = below(routes, "/v1/catalog/service", get(catalog::service), "GET");
    let routes = below(routes, "/v1/catalog/node", get(catalog::node), "GET");
    let routes = below(routes, "/v1/health/service", get(health::service), "GET");
    let routes = below(routes, "/v1/health/checks", get(health::checks), "GET");
    let routes = below(routes, "/v1/health/state", get(health::state), "GET");
    below(routes, "/v1/health/node", get(health::node), "GET")
}

/// One path, with Consul's word for the methods it does not know.
fn exact(
    routes: Routes,
    path: &str,
    methods: MethodRouter<Arc<App>>,
    allowed: &'static str,
) -> Routes {
    routes.route(path, with_refusal(methods, allowed))
}

/// Everything below a path: the rest is the name of something, slashes included.
fn below(
    routes: Routes,
    path: &str,
    methods: MethodRouter<Arc<App>>,
    allowed: &'static str,
) -> Routes {
    let methods = with_refusal(methods, allowed);
    let slash = format!("{path}/");
    let redirect = slash.clone();
    routes
        .route(
            path,
            axum::routing::any(move || async move { moved(&redirect) }),
        )
        .route(&slash, methods.clone())
        .route(&format!("{path}/{{*rest}}"), methods)
}

fn with_refusal(methods: MethodRouter<Arc<App>>, allowed: &'static str) -> MethodRouter<Arc<App>> {
    let refuse = move |method: Method| async move {
        let allow = [(header::ALLOW, format!("OPTIONS,{allowed}"))];
        if method == Method::OPTIONS {
            return (StatusCode::OK, allow).into_response();
        }
        let text = format!("method {method} not allowed");
        (allow, ApiError::new(StatusCode::METHOD_NOT_ALLOWED, text)).into_response()
    };
    // Left alone, GET would answer HEAD as well, which Consul refuses.
    methods.head(refuse).fallback(refuse)
}

fn moved(to: &str) -> Response {
    (
        StatusCode::MOVED_PERMANENTLY,
        [(header::LOCATION, to.to_owned())],
    )
        .into_response()
}

/// Consul sends a path with doubled slashes to the one without.
async fn clean_path(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.contains("//") {
        return next.run(request).await;
    }
    let mut clean = path.to_owned();
    while clean.contains("//") {
        clean = clean.replace("//", "/");
    }
    let query = request
        .uri()
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    moved(&format!("{clean}{query}"))
}
