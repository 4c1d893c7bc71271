//! Explains an answer to a caller that asked for it, where the settings allow that.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::incoming::Call;
use crate::{
    context::Who,
    explain::{Collector, asked, encode},
};

/// Adds [`Explain`]; `None` is a member that does not.
#[derive(Clone, Debug)]
pub(super) struct ExplainLayer(pub(super) Option<Arc<Who>>);

impl<S> Layer<S> for ExplainLayer {
    type Service = Explain<S>;

    fn layer(&self, inner: S) -> Explain<S> {
        Explain {
            inner,
            who: self.0.clone(),
        }
    }
}

/// Has the calls of a handler noted, and tells of them on the answer.
#[derive(Clone, Debug)]
pub(super) struct Explain<S> {
    inner: S,
    who: Option<Arc<Who>>,
}

impl<S, B> Service<Call> for Explain<S>
where
    S: Service<Call, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let who = self.who.as_ref();
        let explaining = who.filter(|_| asked(call.request.headers())).map(|who| {
            let collector = Collector::begin(Instant::now());
            call.explanation.0 = Some(collector.clone());
            (who.clone(), collector)
        });
        ResponseFuture {
            inner: self.inner.call(call),
            explaining,
        }
    }
}

pin_project! {
    /// The answer to a call.
    pub(super) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        explaining: Option<(Arc<Who>, Arc<Collector>)>,
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.inner.poll(cx));
        if let Some((who, collector)) = this.explaining.take() {
            let hop = collector.hop(&who, Instant::now());
            encode(hop, response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}
