//! Counts callers and traces calls: the outermost layer, so that it sees every answer, refusals too.

mod body;
mod grpc;
mod http;

use std::sync::Arc;

use tower::Layer;

pub(super) use self::{grpc::ObserveGrpc, http::ObserveHttp};
use super::Activity;
use crate::telemetry::Telemetry;

/// What observes calls.
#[derive(Clone, Debug)]
pub(super) struct Observer {
    pub(super) activity: Arc<Activity>,
    pub(super) telemetry: Telemetry,
}

/// Adds [`ObserveGrpc`].
#[derive(Clone, Debug)]
pub(super) struct GrpcLayer(pub(super) Observer);

/// Adds [`ObserveHttp`].
#[derive(Clone, Debug)]
pub(super) struct HttpLayer(pub(super) Observer);

impl<S> Layer<S> for GrpcLayer {
    type Service = ObserveGrpc<S>;

    fn layer(&self, inner: S) -> ObserveGrpc<S> {
        ObserveGrpc::new(inner, self.0.clone())
    }
}

impl<S> Layer<S> for HttpLayer {
    type Service = ObserveHttp<S>;

    fn layer(&self, inner: S) -> ObserveHttp<S> {
        ObserveHttp::new(inner, self.0.clone())
    }
}
