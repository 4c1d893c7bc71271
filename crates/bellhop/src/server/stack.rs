//! The server stack, whole: what a call goes through on its way to its handler.
//!
//! Before it, `connection` bounds how old, how many and how slow connections may be.

use std::sync::Arc;

use tower::ServiceBuilder;

use super::{
    Activity, Services,
    app::HttpService,
    call::Handle,
    explain::{Explain, ExplainLayer},
    http_call::HandleHttp,
    limit::{Limit, LimitLayer, Limits},
    observe::{AccessLog, Grpc, Http, Observe, ObserveLayer, Observer},
    panic::Panics,
    shed::{Shed, ShedLayer, Shedding},
    steer::{Steer, SteerLayer},
};
use crate::{
    context::{Voice, Who},
    split::Carried,
    telemetry::{Metrics, Telemetry},
};

/// What one worker serves over all its connections.
#[derive(Clone)]
pub(crate) struct Stack {
    pub(super) kind: Kind,
    /// Whose it is.
    pub(super) voice: Voice,
}

#[derive(Clone)]
pub(super) enum Kind {
    Grpc(GrpcStack),
    Http(HttpStack),
}

pub(super) type GrpcStack = Observe<Explain<Shed<Limit<Steer<Handle>>>>, Grpc>;
pub(super) type HttpStack = Observe<Explain<Shed<Steer<HandleHttp>>>, Http>;

/// What the stack of a worker is made of, beside what it serves.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) activity: Arc<Activity>,
    pub(crate) telemetry: Telemetry,
    pub(crate) metrics: Metrics,
    /// Who it is. Each worker has its own: what calls count references to is not shared.
    pub(crate) who: Arc<Who>,
    /// Whether it tells callers who ask how their answer came about.
    pub(crate) explains: bool,
    /// What it takes off requests, for calls on their behalf.
    pub(crate) carried: Carried,
    /// Which calls are logged.
    pub(crate) access_log: AccessLog,
    /// Those of the member's handlers.
    pub(crate) panics: Panics,
    /// How many calls it takes; `None` where it takes all.
    pub(crate) shed: Option<Shedding>,
    /// How often its callers may call; `None` where they may always.
    pub(crate) limits: Option<Arc<Limits>>,
}

/// Composes the stack of a worker.
pub(crate) fn compose(kind: super::Kind, parts: Parts) -> Stack {
    let voice = Voice::of(parts.who.clone());
    let kind = match kind {
        super::Kind::Grpc(services) => Kind::Grpc(grpc(services, parts)),
        super::Kind::Http(service) => Kind::Http(http(service, parts)),
    };
    Stack { kind, voice }
}

impl Stack {
    /// Whether it serves gRPC, else HTTP.
    pub(crate) fn is_grpc(&self) -> bool {
        matches!(self.kind, Kind::Grpc(_))
    }
}

fn grpc(services: Services, parts: Parts) -> GrpcStack {
    let calls = parts.metrics.calls_at(services.names());
    let (observer, who) = (parts.observer(calls), parts.who);
    let panics = Arc::new(parts.panics);
    let explains = parts.explains.then(|| who.clone());
    ServiceBuilder::new()
        // Counts the caller and begins the span: refusals are counted and traced too.
        .layer(ObserveLayer::new(observer))
        // Tells a caller that asked who answered; a refusal is an answer.
        .layer(ExplainLayer(explains))
        // Before anything is spent on a call that cannot be served in time.
        .layer(ShedLayer(parts.shed))
        // Within the shedding: a call that nobody has time for takes nothing from its caller.
        .layer(LimitLayer(parts.limits))
        // For calls that are served only: what travels with them to the next hops.
        .layer(SteerLayer::new(parts.carried))
        // Starts the clock of the deadline, enters the scope that calls to others read, catches panics, routes.
        .service(Handle {
            services: Arc::new(services),
            who,
            panics,
        })
}

/// The same for HTTP, without a deadline: that is the application's, which knows what its callers can bear.
fn http(service: HttpService, parts: Parts) -> HttpStack {
    let requests = parts.metrics.requests();
    let (observer, who) = (parts.observer(requests), parts.who);
    let panics = Arc::new(parts.panics);
    let explains = parts.explains.then(|| who.clone());
    ServiceBuilder::new()
        .layer(ObserveLayer::new(observer))
        .layer(ExplainLayer(explains))
        .layer(ShedLayer(parts.shed))
        .layer(SteerLayer::new(parts.carried))
        .service(HandleHttp {
            service,
            who,
            panics,
        })
}

impl Parts {
    fn observer<C>(&self, counter: Option<Arc<C>>) -> Observer<C> {
        Observer {
            activity: self.activity.clone(),
            telemetry: self.telemetry.clone(),
            counter,
            who: self.who.clone(),
            access_log: self.access_log,
        }
    }
}
