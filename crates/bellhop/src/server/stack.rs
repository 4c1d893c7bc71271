//! The server stack, whole: what a call goes through on its way to its handler.

use std::sync::Arc;

use tower::Layer;

use super::{
    Activity, Services,
    app::HttpService,
    call::Handle,
    explain::{Explain, ExplainLayer},
    http_call::HandleHttp,
    observe::{self, ObserveGrpc, ObserveHttp, Observer},
};
use crate::{explain::Who, telemetry::Telemetry};

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

pub(super) type GrpcStack = ObserveGrpc<Explain<Handle>>;
pub(super) type HttpStack = ObserveHttp<Explain<HandleHttp>>;

/// Composes the stack of a worker; `explains` is who it is, where it may say so.
pub(crate) fn compose(
    kind: super::Kind,
    activity: Arc<Activity>,
    telemetry: Telemetry,
    explains: Option<Arc<Who>>,
) -> Stack {
    let explain = ExplainLayer(explains);
    let observer = Observer {
        activity,
        telemetry,
    };
    let kind = match kind {
        super::Kind::Grpc(services) => Kind::Grpc(grpc(services, observer, &explain)),
        super::Kind::Http(service) => Kind::Http(http(service, observer, &explain)),
    };
    Stack { kind }
}

impl Stack {
    /// Whether it serves gRPC, else HTTP.
    pub(crate) fn is_grpc(&self) -> bool {
        matches!(self.kind, Kind::Grpc(_))
    }
}

/// Outermost first: count the caller and begin the span, so that refusals are counted and traced too; explain, refusals
/// too; then start the clock of the deadline, enter the scope that calls to others read, catch panics, route, handle.
fn grpc(services: Services, observer: Observer, explain: &ExplainLayer) -> GrpcStack {
    let stack = Handle {
        services: Arc::new(services),
    };
    observe::GrpcLayer(observer).layer(explain.layer(stack))
}

/// The same for HTTP: count and trace; explain; then enter the scope, catch panics, handle.
fn http(service: HttpService, observer: Observer, explain: &ExplainLayer) -> HttpStack {
    let stack = HandleHttp { service };
    observe::HttpLayer(observer).layer(explain.layer(stack))
}
