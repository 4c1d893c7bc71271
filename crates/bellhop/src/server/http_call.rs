//! An HTTP request as its handler meets it: within its scope, and caught where it panics.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower::{Service, ServiceExt, util::Oneshot};

use super::{
    RequestBody,
    app::{HttpBody, HttpService, RemoteAddr},
    incoming::Call,
    panic::{CatchPanic, Panics, catch},
};
use crate::{
    context::{Scope, Who},
    identity::{name, sign},
};

/// Enters the scope of a request and has it handled. Deadlines are the application's, which knows what its callers can bear.
#[derive(Clone, Debug)]
pub(super) struct HandleHttp {
    pub(super) service: HttpService,
    pub(super) who: Arc<Who>,
    // Each worker has its own reference to them: what calls count references to is not shared.
    pub(super) panics: Arc<Panics>,
}

impl Service<Call> for HandleHttp {
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> ResponseFuture {
        // Whoever asks after its health looks who it is that answers.
        let name = call.is_question().then(|| name(&self.who.service));
        let Call {
            mut request,
            peer,
            span,
            baggage,
            explanation,
            version,
            ..
        } = call;
        if let Some(peer) = peer {
            request.extensions_mut().insert(RemoteAddr(peer));
        }
        let scope = Scope {
            span,
            baggage,
            member: Some(self.who.clone()),
            explanation,
            version,
            ..Scope::default()
        };
        let handler = catch(|| self.service.clone().oneshot(request));
        ResponseFuture {
            handler: scope.enter(handler),
            panics: self.panics.clone(),
            name: name.flatten(),
        }
    }
}

pin_project! {
    /// The answer to a request.
    pub(super) struct ResponseFuture {
        #[pin]
        handler: TaskLocalFuture<Scope, CatchPanic<Oneshot<HttpService, Request<RequestBody>>>>,
        panics: Arc<Panics>,
        name: Option<HeaderValue>,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<HttpBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut response = match ready!(this.handler.as_mut().poll(cx)) {
            Ok(Ok(response)) => response,
            Err(panic) => {
                let scope = this.handler.take_value().unwrap_or_default();
                scope.run(|| this.panics.note(&*panic));
                internal_error()
            }
        };
        if let Some(name) = this.name.take() {
            sign(&mut response, name);
        }
        Poll::Ready(Ok(response))
    }
}

fn internal_error() -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::new(Empty::new()));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
