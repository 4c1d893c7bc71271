//! The answer to a call, or its refusal.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use tonic::{Code, Status};

use super::{Admitted, turns::Place};
use crate::server::{RequestBody, unread::Unread};

pin_project! {
    /// The answer to a call, or its refusal. A call is in flight until its answer begins.
    pub(in crate::server) struct ResponseFuture<F, B> {
        #[pin]
        inner: Option<F>,
        // Of a call that is counted.
        admitted: Option<Admitted>,
        // Where calls take turns.
        place: Option<Place>,
        refusal: Option<Pin<Box<Unread<RequestBody, Response<B>>>>>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    /// Of a call that nobody counts.
    pub(super) fn uncounted(inner: F) -> Self {
        Self {
            inner: Some(inner),
            admitted: None,
            place: None,
            refusal: None,
        }
    }

    pub(super) fn passed(inner: F, admitted: Admitted, place: Option<Place>) -> Self {
        Self {
            inner: Some(inner),
            admitted: Some(admitted),
            place,
            refusal: None,
        }
    }

    pub(super) fn refused(refusal: Response<B>, request: RequestBody) -> Self {
        Self {
            inner: None,
            admitted: None,
            place: None,
            refusal: Some(Unread::before(refusal, request)),
        }
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<B>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(refusal) = this.refusal {
            return refusal.as_mut().poll(cx);
        }
        let inner = this.inner.as_pin_mut().expect("polled after its end");
        let (Ok(response), at) = match this.place {
            Some(place) => {
                let (response, at) = ready!(place.poll(cx, |cx| inner.poll(cx)));
                (response, Some(at))
            }
            None => (ready!(inner.poll(cx)), None),
        };
        if let Some(admitted) = this.admitted.take()
            && !is_late(&response)
        {
            admitted.answered(at);
        }
        Poll::Ready(Ok(response))
    }
}

/// Whether it says no more than that the call's time is over.
fn is_late<B>(response: &Response<B>) -> bool {
    let code = response.headers().get(Status::GRPC_STATUS);
    code.is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::DeadlineExceeded)
        || response.status() == StatusCode::GATEWAY_TIMEOUT
}
