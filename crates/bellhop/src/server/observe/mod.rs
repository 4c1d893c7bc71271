//! Counts callers and traces calls: the outermost layer, so that it sees every answer, refusals too.

mod access;
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

use ::http::{HeaderMap, HeaderValue, Response};
use tower::Service;

pub(crate) use self::access::AccessLog;
use self::future::ResponseFuture;
pub(super) use self::{access::Entry, body::Observed, grpc::Grpc, http::Http, layer::ObserveLayer};
use super::{Activity, activity::InFlight, incoming::Call};
use crate::{
    context::Who,
    limit::{OVERLOAD, REFUSED, TOO_OFTEN},
    telemetry::{CallSpan, Telemetry, metrics::Limiter},
};

/// What observes calls.
#[derive(Debug)]
pub(super) struct Observer<C> {
    pub(super) activity: Arc<Activity>,
    pub(super) telemetry: Telemetry,
    pub(super) who: Arc<Who>,
    pub(super) access_log: AccessLog,
    /// Where their durations are counted, if anywhere.
    pub(super) counter: Option<Arc<C>>,
}

/// What is particular to the observation of one kind of calls.
pub(super) trait Protocol {
    /// The body of an answer.
    type Body;
    /// The same, observed.
    type Observed;
    /// What counts durations.
    type Counter;

    /// Begins the span of a call, which is counted too where there is a counter.
    fn span(telemetry: &Telemetry, counter: Option<&Arc<Self::Counter>>, call: &Call) -> CallSpan;

    /// Reads what travels with a call. The id that its answer is to tell, if any.
    fn identify(telemetry: &Telemetry, call: &mut Call) -> Option<HeaderValue>;

    /// Notes a call for the access log.
    fn note(log: AccessLog, who: &Arc<Who>, call: &Call) -> Entry;

    /// An answer has begun.
    fn answered(answer: Response<Self::Body>, open: Open) -> Response<Self::Observed>;
}

/// Who refused a call, where somebody did before any handler saw it.
fn refused(headers: &HeaderMap) -> Option<Limiter> {
    match headers.get(REFUSED)? {
        why if *why == OVERLOAD => Some(Limiter::Shed),
        why if *why == TOO_OFTEN => Some(Limiter::Caller),
        _ => None,
    }
}

/// What is open while a call is.
#[derive(Debug)]
pub(super) struct Open {
    span: CallSpan,
    // None for a question of the mesh itself.
    in_flight: Option<InFlight>,
    request_id: Option<HeaderValue>,
    entry: Entry,
}

/// Counts calls and traces them.
#[derive(Debug)]
pub(super) struct Observe<S, P: Protocol> {
    inner: S,
    observer: Arc<Observer<P::Counter>>,
    protocol: PhantomData<fn() -> P>,
}

impl<S: Clone, P: Protocol> Clone for Observe<S, P> {
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
        let Observer {
            activity,
            telemetry,
            counter,
            who,
            access_log,
        } = &*self.observer;
        let is_work = !call.is_question();
        let in_flight = is_work.then(|| activity.begin());
        let counter = counter.as_ref().filter(|_| is_work);
        let mut span = P::span(telemetry, counter, &call);
        call.span = span.context().clone();
        let request_id = P::identify(telemetry, &mut call);
        if let Some(id) = &request_id {
            span.set_request_id(id);
        }
        let open = Open {
            span,
            in_flight,
            request_id,
            entry: P::note(*access_log, who, &call),
        };
        ResponseFuture::new(self.inner.call(call), open)
    }
}
