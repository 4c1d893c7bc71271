//! A limit on how often a service is called.
//!
//! Calls over the rate wait for their turn, in the order in which they came, for as long as their time and the channel's
//! patience allow. A call that could not have its turn by then is refused at once, and told when to try again. All channels of
//! a process to one service take from the same bucket. `crate::limit::Turns` says whose
//! turn it is.

mod future;
mod layer;

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tonic::body::Body;
use tower::Service;

use self::future::{ResponseFuture, State};
pub(super) use self::layer::LimitLayer;
use super::{Error, ResponseBody, balanced::share_of_time};
use crate::telemetry::Notes;

/// Has calls wait for their turn; without a rate it only passes them on.
#[derive(Clone, Debug)]
pub(super) struct Limit<S> {
    inner: S,
    limit: Option<Arc<LimitLayer>>,
}

impl<S> Service<Request<Body>> for Limit<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error> + Clone,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let limit = self.limit.as_ref().filter(|_| !is_question(&request));
        let state = match limit {
            Some(limit) if !limit.turns.take() => {
                let patience = share_of_time(&request).unwrap_or(Duration::MAX);
                let patience = patience.min(limit.patience);
                if let Some(notes) = request.extensions().get::<Notes>() {
                    notes.event("bellhop.limit.waits", Vec::new());
                }
                State::waiting(limit.clone(), patience, self.inner.clone(), request)
            }
            _ => State::Calling {
                call: self.inner.call(request),
            },
        };
        ResponseFuture { state }
    }
}

/// Whether it asks after health or the like, which is no call of the application.
fn is_question(request: &Request<Body>) -> bool {
    request.uri().path().starts_with("/grpc.")
}
