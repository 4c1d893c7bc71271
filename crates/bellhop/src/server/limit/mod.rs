//! A limit on how often each caller may call each method: `RESOURCE_EXHAUSTED` for the rest, with the time to come again.
//!
//! A caller is the service that it says it is, in [`CALLER`], or else the address that it calls from. Nobody checks the name:
//! the limit keeps services from harming others by mistake, not by intent.

mod callers;
mod layer;
mod settings;

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::Either;
use http::Response;
use tonic::{Status, body::Body};
use tower::Service;

pub(crate) use self::callers::Limits;
pub(super) use self::layer::LimitLayer;
use super::{RequestBody, body::ResponseBody, incoming::Call, unread::Unread};
use crate::limit::{CALLER, REFUSED, TOO_OFTEN, TooMany, set_retry_after};

/// Limits how often each caller may call each method.
#[derive(Clone, Debug)]
pub(super) struct Limit<S> {
    inner: S,
    // None where nobody is limited.
    limits: Option<Arc<Limits>>,
}

impl<S> Service<Call> for Limit<S>
where
    S: Service<Call, Response = Response<ResponseBody>, Error = Infallible>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = Either<S::Future, Pin<Box<Unread<RequestBody, Self::Response>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let limits = self.limits.as_ref().filter(|_| !call.is_question());
        let checked = limits.map_or(Ok(()), |limits| {
            let caller = call.request.headers().get(&CALLER);
            limits.check(
                call.request.uri().path(),
                caller,
                call.peer.map(|peer| peer.ip()),
            )
        });
        match checked {
            Ok(()) => Either::Left(self.inner.call(call)),
            Err(refused) => {
                let request = call.request.into_body();
                Either::Right(Unread::before(refusal(refused), request))
            }
        }
    }
}

fn refusal(refused: TooMany) -> Response<ResponseBody> {
    let mut status = Status::resource_exhausted(refused.to_string());
    set_retry_after(&mut status, refused.retry_after);
    let mut response = status.into_http::<Body>();
    response.headers_mut().insert(REFUSED, TOO_OFTEN);
    response.map(ResponseBody::from)
}
