//! What the paths show.

use http::{HeaderValue, Request, StatusCode, header::ACCEPT};
use hyper::body::Incoming;
use serde::Serialize;
use tokio::runtime::Handle;

use super::{
    reply::{Reply, json, plain, text},
    site::{PAGES, Page, Site},
    tasks::Tasks,
};
use crate::config::Setting;

/// Whether calls are welcome, and if not, why.
#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Configuration<'a> {
    settings: &'a [Setting],
}

/// All paths.
pub(super) fn index() -> Reply {
    let line = |page: &Page| format!("{:<13}{}\n", page.path, page.about);
    text(PAGES.iter().map(line).collect())
}

/// The process lives, or nobody would answer.
pub(super) fn alive() -> Reply {
    let alive = Readiness {
        status: "ok",
        reason: None,
    };
    json(StatusCode::OK, &alive)
}

/// Whether calls are welcome.
pub(super) fn ready(site: &Site) -> Reply {
    match site.mesh.life().ready() {
        Ok(()) => alive(),
        Err(why) => {
            let unready = Readiness {
                status: "unavailable",
                reason: Some(why.to_string()),
            };
            json(StatusCode::SERVICE_UNAVAILABLE, &unready)
        }
    }
}

/// What the member has counted and measured, in the format that is asked for.
pub(super) fn metrics(site: &Site, request: &Request<Incoming>) -> Reply {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    let metrics = site.mesh.metrics().text(accept);
    plain(HeaderValue::from_static(metrics.content_type), metrics.body)
}

/// What the member was told.
pub(super) fn config(site: &Site) -> Reply {
    let settings = site.mesh.settings();
    json(StatusCode::OK, &Configuration { settings })
}

/// What its runtimes have to do.
pub(super) fn tasks(site: &Site) -> Reply {
    // The endpoint runs where the work of the mesh itself does.
    let tasks = Tasks::of(&Handle::current(), &site.mesh.life().shards);
    json(StatusCode::OK, &tasks)
}

/// How the member is, and whom it calls.
pub(super) fn mesh(site: &Site) -> Reply {
    json(StatusCode::OK, &site.mesh.report())
}
