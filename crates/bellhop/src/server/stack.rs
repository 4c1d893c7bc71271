//! The server stack, whole: what a call goes through on its way to its handler.

use std::{net::SocketAddr, sync::Arc};

use http::Request;
use hyper::body::Incoming;

use super::{ALIVE, Activity, READY, Services, app::HttpService, call, http_call};
use crate::telemetry::Telemetry;

/// What one worker serves over all its connections.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(super) kind: Kind,
    activity: Arc<Activity>,
    telemetry: Telemetry,
}

#[derive(Clone)]
pub(super) enum Kind {
    Grpc(Arc<Services>),
    Http(HttpService),
}

/// Composes the stack of a worker.
pub(crate) fn compose(kind: super::Kind, activity: Arc<Activity>, telemetry: Telemetry) -> Stack {
    let kind = match kind {
        super::Kind::Grpc(services) => Kind::Grpc(Arc::new(services)),
        super::Kind::Http(service) => Kind::Http(service),
    };
    Stack {
        kind,
        activity,
        telemetry,
    }
}

impl Stack {
    /// Whether it serves gRPC, else HTTP.
    pub(crate) fn is_grpc(&self) -> bool {
        matches!(self.kind, Kind::Grpc(_))
    }

    /// Outermost first: count the caller; begin the span; start the clock of the deadline; enter the scope that calls to others
    /// read; catch panics; route; handle.
    pub(super) fn grpc(
        &self,
        services: &Services,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> call::ResponseFuture {
        // What the mesh asks, such as health, is nobody's call.
        if !request.uri().path().starts_with("/grpc.") {
            self.activity.count();
        }
        call::call(&self.telemetry, services, peer, request)
    }

    /// Outermost first: count the caller; begin the span; enter the scope; catch panics; handle. Deadlines are the
    /// application's, which knows what its callers can bear.
    pub(super) fn http(
        &self,
        service: &HttpService,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> http_call::ResponseFuture {
        if !matches!(request.uri().path(), ALIVE | READY) {
            self.activity.count();
        }
        http_call::call(&self.telemetry, service, peer, request)
    }
}
