//! The server stack, whole: what a call goes through on its way to its handler.

use std::sync::Arc;

use tower::Layer;

use super::{
    Activity, Services,
    app::HttpService,
    call::Handle,
    http_call::HandleHttp,
    observe::{self, ObserveGrpc, ObserveHttp, Observer},
};
use crate::telemetry::Telemetry;

/// What one worker serves over all its connections.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Grpc(GrpcStack),
    Http(HttpStack),
}

pub(super) type GrpcStack = ObserveGrpc<Handle>;
pub(super) type HttpStack = ObserveHttp<HandleHttp>;

/// Composes the stack of a worker.
pub(crate) fn compose(kind: super::Kind, activity: Arc<Activity>, telemetry: Telemetry) -> Stack {
    let observer = Observer {
        activity,
        telemetry,
    };
    let kind = match kind {
        super::Kind::Grpc(services) => Kind::Grpc(grpc(services, observer)),
        super::Kind::Http(service) => Kind::Http(http(service, observer)),
    };
    Stack { kind }
}

impl Stack {
    /// Whether it serves gRPC, else HTTP.
    pub(crate) fn is_grpc(&self) -> bool {
        matches!(self.kind, Kind::Grpc(_))
    }
}

/// Outermost first: count the caller and begin the span, so that refusals are counted and traced too; then start the clock of
/// the deadline, enter the scope that calls to others read, catch panics, route, handle.
fn grpc(services: Services, observer: Observer) -> GrpcStack {
    let stack = Handle {
        services: Arc::new(services),
    };
    observe::GrpcLayer(observer).layer(stack)
}

/// The same for HTTP: count and trace; then enter the scope, catch panics, handle.
fn http(service: HttpService, observer: Observer) -> HttpStack {
    let stack = HandleHttp { service };
    observe::HttpLayer(observer).layer(stack)
}
