//! Stands before a generated service.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{Request, Response};
use tonic::{Status, body::Body, server::NamedService};
use tower::Service;

use super::state::{Fate, State};

/// Stands before a generated service and has calls end as told.
#[derive(Clone, Debug)]
pub(super) struct Faulty<S> {
    inner: S,
    state: Arc<State>,
}

impl<S> Faulty<S> {
    pub(super) fn new(inner: S, state: Arc<State>) -> Self {
        Self { inner, state }
    }
}

impl<S: NamedService> NamedService for Faulty<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<Request<B>> for Faulty<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (delay, burn) = match self.state.call() {
            Fate::Refuse => {
                let refused = Status::unavailable("refused, as told").into_http();
                return Box::pin(std::future::ready(Ok(refused)));
            }
            Fate::Serve { delay, burn } => (delay, burn),
        };
        let served = self.inner.call(request);
        let state = self.state.clone();
        Box::pin(async move {
            let _worker = state.worker().await;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            take(burn);
            served.await
        })
    }
}

/// Has nobody else on this thread do anything.
fn take(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}
