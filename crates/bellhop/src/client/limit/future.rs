//! The answer to a call that may have to wait for its turn.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Request;
use pin_project_lite::pin_project;
use tonic::body::Body;
use tower::Service;

use super::{super::Error, LimitLayer};
use crate::limit::TooMany;

pin_project! {
    pub(in crate::client) struct ResponseFuture<S: Service<Request<Body>>> {
        #[pin]
        pub(super) state: State<S>,
    }
}

pin_project! {
    #[project = Projection]
    pub(super) enum State<S: Service<Request<Body>>> {
        Calling { #[pin] call: S::Future },
        Waiting { turn: Turn, rest: Option<Box<Rest<S>>> },
    }
}

/// Boxed: it is off the path that a call takes when all is well.
type Turn = Pin<Box<dyn Future<Output = Result<(), TooMany>> + Send>>;

/// What is to be done once it is the call's turn.
pub(super) struct Rest<S> {
    inner: S,
    request: Request<Body>,
    limit: Arc<LimitLayer>,
}

impl<S: Service<Request<Body>>> State<S> {
    pub(super) fn waiting(
        limit: Arc<LimitLayer>,
        patience: Duration,
        inner: S,
        request: Request<Body>,
    ) -> Self {
        let waiting = limit.clone();
        let turn = async move { waiting.turns.wait(&waiting.service, patience).await };
        Self::Waiting {
            turn: Box::pin(turn),
            rest: Some(Box::new(Rest {
                inner,
                request,
                limit,
            })),
        }
    }
}

impl<S, T> Future for ResponseFuture<S>
where
    S: Service<Request<Body>, Error = Error>,
    S::Future: Future<Output = Result<T, Error>>,
{
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let call = match state.as_mut().project() {
                Projection::Calling { call } => return call.poll(cx),
                Projection::Waiting { turn, rest } => {
                    let turn = ready!(turn.as_mut().poll(cx));
                    let mut rest = rest.take().expect("polled after its end");
                    if let Err(TooMany { retry_after }) = turn {
                        return Poll::Ready(Err(Error::RateLimited {
                            service: rest.limit.service.clone(),
                            retry_after,
                        }));
                    }
                    rest.inner.call(rest.request)
                }
            };
            state.set(State::Calling { call });
        }
    }
}
