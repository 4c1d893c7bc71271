//! Takes off requests what is to steer the calls that are made on their behalf: a version, and headers that traffic is sticky by.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::incoming::Call;
use crate::split::Carried;

/// Adds [`Steer`]; `None` is a member that takes nothing.
#[derive(Clone, Debug)]
pub(super) struct SteerLayer(Option<Arc<Carried>>);

impl SteerLayer {
    pub(super) fn new(carried: Carried) -> Self {
        Self((!carried.is_nothing()).then(|| Arc::new(carried)))
    }
}

impl<S> Layer<S> for SteerLayer {
    type Service = Steer<S>;

    fn layer(&self, inner: S) -> Steer<S> {
        Steer {
            inner,
            carried: self.0.clone(),
        }
    }
}

/// Has the scope of a call know what travels.
#[derive(Clone, Debug)]
pub(super) struct Steer<S> {
    inner: S,
    carried: Option<Arc<Carried>>,
}

impl<S: Service<Call>> Service<Call> for Steer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> S::Future {
        if let Some(carried) = &self.carried {
            let headers = call.request.headers();
            call.version = carried.version(headers);
            call.baggage = carried.baggage(headers, call.baggage);
        }
        self.inner.call(call)
    }
}
