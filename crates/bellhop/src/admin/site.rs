//! Which path leads where.

use std::{convert::Infallible, net::SocketAddr};

use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::body::Incoming;
use tonic::body::Body;

use super::{
    faults,
    guard::Guard,
    log_level, pages,
    reply::{Reply, fault, not_allowed},
    spans,
};
use crate::{mesh::Mesh, server::Services};

/// The one path where something can be changed.
const LOG_LEVEL: &str = "/log-level";

const GRPC: &[u8] = b"application/grpc";

/// What the endpoint of one member shows.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) mesh: Mesh,
    guard: Guard,
    /// What is there over gRPC.
    services: Services,
}

/// One path.
pub(super) struct Page {
    pub(super) path: &'static str,
    /// What is there, for people.
    pub(super) about: &'static str,
    show: fn(&Site, &Request<Incoming>) -> Reply,
}

pub(super) const PAGES: [Page; 9] = [
    Page {
        path: "/",
        about: "this list",
        show: |_, _| pages::index(),
    },
    Page {
        path: "/healthz",
        about: "whether the process lives",
        show: |_, _| pages::alive(),
    },
    Page {
        path: "/readyz",
        about: "whether calls are welcome",
        show: |site, _| pages::ready(site),
    },
    Page {
        path: "/metrics",
        about: "metrics, as Prometheus reads them",
        show: pages::metrics,
    },
    Page {
        path: "/config",
        about: "settings, and where each comes from",
        show: |site, _| pages::config(site),
    },
    Page {
        path: "/mesh",
        about: "who this is, and how those are whom it calls",
        show: |site, _| pages::mesh(site),
    },
    Page {
        path: "/spans",
        about: "traces that are kept here; ?trace=ID the spans of one",
        show: |site, request| spans::show(&site.mesh, request.uri().query()),
    },
    Page {
        path: LOG_LEVEL,
        about: "which log lines there are; PUT changes it, with ?for=5m for a while",
        show: |site, _| log_level::show(site.mesh.log_filter()),
    },
    Page {
        path: "/debug/tasks",
        about: "what the runtimes have to do",
        show: |site, _| pages::tasks(site),
    },
];

impl Site {
    /// The site of a member whose endpoint is bound there.
    pub(crate) fn new(mesh: Mesh, guard: Guard, services: Services) -> Self {
        Self {
            mesh,
            guard,
            services,
        }
    }

    pub(super) async fn answer(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_grpc = content_type.is_some_and(|value| value.as_bytes().starts_with(GRPC));
        if is_grpc && self.guard.look(&request).is_ok() {
            return self.services.call(request.map(Into::into)).await;
        }
        Ok(self.page(peer, request).await.map(Body::new))
    }

    async fn page(&self, peer: SocketAddr, request: Request<Incoming>) -> Reply {
        if let Err(stranger) = self.guard.look(&request) {
            return fault(StatusCode::FORBIDDEN, &stranger.to_string());
        }
        let path = request.uri().path();
        // Where it is not allowed there is no such path.
        if let Some(allowed) = self.mesh.faults().filter(|_| path == faults::PATH) {
            return faults::answer(&self.mesh, allowed, peer, request).await;
        }
        let Some(page) = PAGES.iter().find(|page| page.path == path) else {
            return fault(
                StatusCode::NOT_FOUND,
                &format!("no such path: {path}; / lists all"),
            );
        };
        match (page.path, request.method()) {
            (_, &Method::GET | &Method::HEAD) => (page.show)(self, &request),
            (LOG_LEVEL, &Method::PUT | &Method::POST) => {
                let (parts, body) = request.into_parts();
                log_level::change(self.mesh.log_filter(), parts.uri.query(), body).await
            }
            (LOG_LEVEL, method) => not_allowed("GET, HEAD, PUT, POST", method),
            (_, method) => not_allowed("GET, HEAD", method),
        }
    }
}
