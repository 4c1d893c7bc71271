//! A call's deadline: the shortest of what the caller, the call that it serves and the channel allow.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, Request, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use super::{Error, ResponseBody, body::code};
use crate::{
    context::Scope,
    deadline::{GRPC_TIMEOUT, Timer, format_timeout, parse_timeout},
};

/// Adds [`Deadline`].
#[derive(Clone, Debug)]
pub(super) struct DeadlineLayer {
    pub(super) service: Arc<str>,
    pub(super) timeout: Option<Duration>,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline {
            inner,
            settings: Arc::new(self.clone()),
        }
    }
}

/// Says a call's deadline to the other side, and keeps it on this one.
#[derive(Clone, Debug)]
pub(super) struct Deadline<S> {
    inner: S,
    settings: Arc<DeadlineLayer>,
}

impl<S> Service<Request<Body>> for Deadline<S>
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
        let now = Instant::now();
        let service = self.settings.service.clone();
        let timeout = timeout(request.headers(), self.settings.timeout, now);
        let timer = timeout.map(|after| Timer::new(now, after));
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return ResponseFuture {
                inner: None,
                timer,
                service,
            };
        }
        if let Some(timeout) = timeout {
            request
                .headers_mut()
                .insert(GRPC_TIMEOUT, format_timeout(timeout));
        }
        ResponseFuture {
            inner: Some(self.inner.call(request)),
            timer,
            service,
        }
    }
}

/// How long a call may take from now on.
fn timeout(headers: &HeaderMap, channel: Option<Duration>, now: Instant) -> Option<Duration> {
    let caller = parse_timeout(headers).ok().flatten();
    let serving = Scope::deadline().map(|at| at.saturating_duration_since(now));
    [caller, serving, channel].into_iter().flatten().min()
}

pin_project! {
    pub(super) struct ResponseFuture<F> {
        // None where the time was over before the call began.
        #[pin]
        inner: Option<F>,
        timer: Option<Timer>,
        service: Arc<str>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, Error>>,
{
    type Output = Result<Response<ResponseBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(inner) = this.inner.as_pin_mut()
            && let Poll::Ready(answer) = inner.poll(cx)
        {
            let over = this.timer.as_ref().filter(|_| is_cancelled(&answer));
            if let Some(timer) = over.filter(|timer| timer.has_passed()) {
                return Poll::Ready(Err(Error::out_of_time(this.service, timer)));
            }
            return Poll::Ready(answer.map(|mut response| {
                response.body_mut().bound(this.timer.take(), cx);
                response
            }));
        }
        let Some(timer) = this.timer else {
            return Poll::Pending;
        };
        if timer.poll_passed(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(Err(Error::out_of_time(this.service, timer)))
    }
}

/// Whether the other side has given up: some servers say so when a call's time is over.
fn is_cancelled(answer: &Result<Response<ResponseBody>, Error>) -> bool {
    match answer {
        Ok(response) => {
            let headers = response.headers();
            headers.contains_key(Status::GRPC_STATUS) && code(headers) == Code::Cancelled
        }
        Err(error) => error.code() == Code::Cancelled,
    }
}
