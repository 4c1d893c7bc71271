//! `/faults`: faults that somebody asks for; only where the member allows it.

use std::net::SocketAddr;

use http::{HeaderMap, Method, Request, StatusCode, request::Parts};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::Instant;
use tracing::warn;

use super::reply::{Reply, fault, json, not_allowed};
use crate::{
    mesh::Mesh,
    server::{FaultReport, Faults, Wish},
};

/// Where they are asked for.
pub(crate) const PATH: &str = "/faults";
/// In the query, it ends the member.
pub(crate) const STOP: &str = "stop";
/// Who asks, where somebody asks for somebody else.
pub(crate) const ASKED_BY: &str = "bellhop-asked-by";
/// The instance that is meant, by its id.
pub(crate) const MEANT: &str = "bellhop-instance";

/// Far above any wish.
const BODY_MAX: usize = 1024;
/// Of what is said of who asks: the log is no place for more.
const ASKED_BY_MAX: usize = 100;

/// Shows what is in force; `POST` and `PUT` change it, `DELETE` ends it, `POST` with `?stop` the member.
pub(super) async fn answer(
    mesh: &Mesh,
    faults: &Faults,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Reply {
    let (parts, body) = request.into_parts();
    if !is_meant(mesh, &parts.headers) {
        // An address such as 127.0.0.1 leads to somebody else on every host.
        let message = "another instance is meant than the one that is here";
        return fault(StatusCode::MISDIRECTED_REQUEST, message);
    }
    let by = asker(&parts, peer);
    match &parts.method {
        &Method::GET | &Method::HEAD => {}
        &Method::DELETE => faults.end(&by),
        &Method::POST if parts.uri.query() == Some(STOP) => {
            warn!(by, "somebody asks for the end of this member");
            // Who leaves answers what it holds.
            faults.end(&by);
            mesh.ask_to_stop();
        }
        &Method::POST | &Method::PUT => {
            let body = Limited::new(body, BODY_MAX).collect().await;
            let said = body.map(|body| body.to_bytes()).unwrap_or_default();
            match Wish::read(&said) {
                Ok(wish) => {
                    faults.set(Instant::now(), wish, &by);
                    // For as long as that is in force, and ended by what takes its place.
                    tokio::spawn(faults.clone().outlast());
                }
                Err(bad) => return fault(StatusCode::BAD_REQUEST, &bad.to_string()),
            }
        }
        method => return not_allowed("GET, HEAD, POST, PUT, DELETE", method),
    }
    json(StatusCode::OK, &FaultReport::of(faults))
}

/// Whether nobody in particular is meant, or this member.
fn is_meant(mesh: &Mesh, headers: &HeaderMap) -> bool {
    let Some(meant) = headers.get(MEANT) else {
        return true;
    };
    let place = mesh.life().place;
    place.is_some_and(|place| meant.as_bytes() == place.id.as_bytes())
}

/// Who asks, for the log: the address, and for whom that one asks where it says so.
fn asker(parts: &Parts, peer: SocketAddr) -> String {
    let by = parts.headers.get(ASKED_BY).and_then(|by| by.to_str().ok());
    match by.filter(|by| by.len() <= ASKED_BY_MAX) {
        Some(by) => format!("{by} by way of {peer}"),
        None => peer.to_string(),
    }
}
