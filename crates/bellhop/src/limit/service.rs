//! The limit per client address, as a tower service.

use std::{
    fmt,
    future::Future,
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use super::{
    ClientLimiter, TooMany,
    client_limiter::{BehindProxy, Client},
};
use crate::telemetry::metrics::Limiter;

/// Limits how often a client address may ask.
///
/// It reads the extension [`RemoteAddr`](crate::server::RemoteAddr); requests without one, which came over no connection, are one client together.
#[derive(Clone, Debug)]
pub struct ClientLimit<S, F> {
    pub(super) inner: S,
    pub(super) limiter: ClientLimiter,
    pub(super) refuse: F,
}

impl<S, F, B, R> Service<Request<B>> for ClientLimit<S, F>
where
    S: Service<Request<B>, Response = Response<R>>,
    F: Fn(TooMany) -> Response<R>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.limiter.client(&request);
        match self.limiter.check(client) {
            Ok(()) => ResponseFuture::Passed {
                inner: self.inner.call(request),
                behind: behind(client),
            },
            Err(refused) => {
                let mut answer = marked((self.refuse)(refused));
                tell(&mut answer, behind(client));
                ResponseFuture::Refused {
                    answer: Some(answer),
                }
            }
        }
    }
}

/// The answer, so that whoever counts refusals knows it for one.
fn marked<R>(mut answer: Response<R>) -> Response<R> {
    answer.extensions_mut().insert(Limiter::Client);
    answer
}

fn behind(client: Client) -> Option<IpAddr> {
    let (peer, client) = client?;
    (peer.to_canonical() != client).then_some(client)
}

/// Tells who asks, where nobody else knows.
fn tell<R>(answer: &mut Response<R>, behind: Option<IpAddr>) {
    if let Some(client) = behind {
        answer.extensions_mut().insert(BehindProxy(client));
    }
}

pin_project! {
    /// The answer to a request: that of the service, or the refusal.
    #[project = Projection]
    pub enum ResponseFuture<F, R> {
        #[doc(hidden)]
        Passed { #[pin] inner: F, behind: Option<IpAddr> },
        #[doc(hidden)]
        Refused { answer: Option<Response<R>> },
    }
}

impl<F, R, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projection::Passed { inner, behind } => inner.poll(cx).map_ok(|mut answer| {
                tell(&mut answer, *behind);
                answer
            }),
            Projection::Refused { answer } => {
                Poll::Ready(Ok(answer.take().expect("polled after its end")))
            }
        }
    }
}

impl<F, R> fmt::Debug for ResponseFuture<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed { .. } => "Passed",
            Self::Refused { .. } => "Refused",
        })
    }
}
