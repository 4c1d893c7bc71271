//! Counts callers and traces calls: the outermost layer, so that it sees every answer, refusals too.

mod body;
mod future;
mod grpc;
mod http;
mod layer;

use std::{
    convert::Infallible,
    marker::PhantomData,
    sync::Arc,
    task::{Context, Poll},
};

use ::http::{HeaderValue, Response};
use tower::Service;

use self::future::ResponseFuture;
pub(super) use self::{grpc::Grpc, http::Http, layer::ObserveLayer};
use super::{Activity, activity::InFlight, incoming::Call};
use crate::telemetry::{CallSpan, Telemetry};

/// What observes calls.
#[derive(Clone, Debug)]
pub(super) struct Observer {
    pub(super) activity: Arc<Activity>,
    pub(super) telemetry: Telemetry,
}

/// What is particular to the observation of one kind of calls.
pub(super) trait Protocol {
    /// The body of an answer.
    type Body;
    /// The same, observed.
    type Observed;

    /// Begins the span of a call.
    fn span(telemetry: &Telemetry, call: &Call) -> CallSpan;

    /// Reads what travels with a call. The id that its answer is to tell, if any.
    fn identify(telemetry: &Telemetry, call: &mut Call) -> Option<HeaderValue>;

    /// An answer has begun.
    fn answered(answer: Response<Self::Body>, open: Open) -> Response<Self::Observed>;
}

/// What is open while a call is.
#[derive(Debug)]
pub(super) struct Open {
    span: CallSpan,
    // None for a question of the mesh itself.
    in_flight: Option<InFlight>,
    request_id: Option<HeaderValue>,
}

/// Counts calls and traces them.
#[derive(Debug)]
pub(super) struct Observe<S, P> {
    inner: S,
    observer: Arc<Observer>,
    protocol: PhantomData<fn() -> P>,
}

impl<S: Clone, P> Clone for Observe<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            observer: self.observer.clone(),
            protocol: PhantomData,
        }
    }
}

impl<S, P> Service<Call> for Observe<S, P>
where
    S: Service<Call, Response = Response<P::Body>, Error = Infallible>,
    P: Protocol,
{
    type Response = Response<P::Observed>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let in_flight = (!call.is_question()).then(|| self.observer.activity.begin());
        let telemetry = &self.observer.telemetry;
        let span = P::span(telemetry, &call);
        call.span = span.context().clone();
        let open = Open {
            span,
            in_flight,
            request_id: P::identify(telemetry, &mut call),
        };
        ResponseFuture::new(self.inner.call(call), open)
    }
}
