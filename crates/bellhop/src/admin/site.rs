//! Which path leads where.

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;

use super::{
    guard::Guard,
    pages,
    reply::{Reply, fault, not_allowed},
};
use crate::mesh::Mesh;

/// What the endpoint of one member shows.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) mesh: Mesh,
    guard: Guard,
}

/// One path.
pub(super) struct Page {
    pub(super) path: &'static str,
    /// What is there, for people.
    pub(super) about: &'static str,
    show: fn(&Site) -> Reply,
}

pub(super) const PAGES: [Page; 6] = [
    Page {
        path: "/",
        about: "this list",
        show: |_| pages::index(),
    },
    Page {
        path: "/healthz",
        about: "whether the process lives",
        show: |_| pages::alive(),
    },
    Page {
        path: "/readyz",
        about: "whether calls are welcome",
        show: pages::ready,
    },
    Page {
        path: "/config",
        about: "settings, and where each comes from",
        show: pages::config,
    },
    Page {
        path: "/mesh",
        about: "who this is, and how those are whom it calls",
        show: pages::mesh,
    },
    Page {
        path: "/debug/tasks",
        about: "what the runtimes have to do",
        show: pages::tasks,
    },
];

impl Site {
    /// The site of a member whose endpoint is bound there.
    pub(crate) fn new(mesh: Mesh, guard: Guard) -> Self {
        Self { mesh, guard }
    }

    pub(super) async fn answer(&self, request: Request<Incoming>) -> Reply {
        if let Err(stranger) = self.guard.look(&request) {
            return fault(StatusCode::FORBIDDEN, &stranger.to_string());
        }
        let path = request.uri().path();
        let Some(page) = PAGES.iter().find(|page| page.path == path) else {
            return fault(
                StatusCode::NOT_FOUND,
                &format!("no such path: {path}; / lists all"),
            );
        };
        match *request.method() {
            Method::GET | Method::HEAD => (page.show)(self),
            ref method => not_allowed("GET, HEAD", method),
        }
    }
}
