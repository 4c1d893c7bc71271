//! Tells HTTP callers to go elsewhere while they are still served.
//!
//! HTTP/2 has `GOAWAY` for that. An HTTP/1 connection that is simply closed takes along the request that is just on its way;
//! one whose last answer says `Connection: close` loses nothing.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{
    Request, Response, Version,
    header::{CONNECTION, HeaderValue},
};
use hyper::{body::Incoming, service::Service};
use pin_project_lite::pin_project;

use super::age::Ageing;
use crate::server::{READY, app::HttpBody, refusal};

/// Marks answers as the last ones of their connections.
#[derive(Clone, Debug)]
pub(super) struct Farewell<S> {
    inner: S,
    ageing: Arc<Ageing>,
}

impl<S> Farewell<S> {
    /// Once the member is leaving or the connection has aged.
    pub(super) fn new(inner: S, ageing: Arc<Ageing>) -> Self {
        Self { inner, ageing }
    }
}

impl<S> Service<Request<Incoming>> for Farewell<S>
where
    S: Service<Request<Incoming>, Response = Response<HttpBody>, Error = Infallible>,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let is_http1 = request.version() < Version::HTTP_2;
        if !is_http1 {
            self.ageing.set_http2();
        }
        // Whoever asks whether to send more is told before the listener is closed.
        let is_unready = self.ageing.is_leaving() && request.uri().path() == READY;
        ResponseFuture {
            inner: (!is_unready).then(|| self.inner.call(request)),
            ends: is_http1.then(|| self.ageing.clone()),
        }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<F> {
        // None where the member is leaving and was asked whether it is ready.
        #[pin]
        inner: Option<F>,
        // Only HTTP/1 is told by an answer.
        ends: Option<Arc<Ageing>>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<HttpBody>, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.inner.as_pin_mut() {
            Some(inner) => {
                let Ok(response) = ready!(inner.poll(cx));
                response
            }
            None => refusal::http("this instance is leaving"),
        };
        if this.ends.as_ref().is_some_and(|ageing| ageing.is_to_end()) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        Poll::Ready(Ok(response))
    }
}
