//! Notes what becomes of a call, where the call that it serves is to be explained.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::{Error, ResponseBody, balanced::Called, body::code};
use crate::{
    context::Scope,
    explain::{CallRecord, Collector, ask},
};

/// Adds [`Explain`].
#[derive(Clone, Debug)]
pub(super) struct ExplainLayer(pub(super) Arc<Called>);

impl<S> Layer<S> for ExplainLayer {
    type Service = Explain<S>;

    fn layer(&self, inner: S) -> Explain<S> {
        Explain {
            inner,
            called: self.0.clone(),
        }
    }
}

/// Notes calls, and asks the other side to explain its part. Attempts are noted where they are made, which finds the record of
/// the call among the extensions of the request.
#[derive(Clone, Debug)]
pub(super) struct Explain<S> {
    inner: S,
    called: Arc<Called>,
}

impl<S> Explain<S> {
    fn begin(&self, collector: &Collector, request: &mut Request<Body>) -> CallRecord {
        let (service, path) = (&self.called.service, request.uri().path());
        let skipped = self.called.upstream.out_of_turn();
        let record = collector.call(service, path, skipped, Instant::now());
        ask(request.headers_mut());
        request.extensions_mut().insert(record.clone());
        record
    }
}

impl<S> Service<Request<Body>> for Explain<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let record = Scope::collector().map(|collector| self.begin(&collector, &mut request));
        let record = record.map(|record| (record, self.called.clone()));
        ResponseFuture {
            inner: self.inner.call(request),
            record,
        }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        record: Option<(CallRecord, Arc<Called>)>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        if let Some((record, called)) = this.record.take() {
            if let Err(error) = &answer
                && let Some(cause) = error.nobody()
            {
                record.nobody(cause, called.upstream.out_of_turn());
            }
            record.end(outcome(&answer), Instant::now());
        }
        Poll::Ready(answer)
    }
}

/// As far as the head of an answer tells: a status that comes later does not change who answered.
fn outcome(answer: &Result<Response<ResponseBody>, Error>) -> Code {
    match answer {
        Ok(answer) if answer.headers().contains_key(Status::GRPC_STATUS) => code(answer.headers()),
        Ok(_) => Code::Ok,
        Err(error) => error.code(),
    }
}
