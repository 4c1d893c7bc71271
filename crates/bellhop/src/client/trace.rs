//! A client span around each call, and the call's failure as a gRPC status.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use super::{Error, ResponseBody, body::code};
use crate::{
    context::Scope,
    split::force,
    telemetry::{
        CallSpan, ClientCall, Telemetry, is_work,
        metrics::{Calls, Limiter},
    },
};

/// Adds [`Trace`].
#[derive(Clone, Debug)]
pub(super) struct TraceLayer {
    pub(super) service: Arc<str>,
    pub(super) telemetry: Telemetry,
    /// Where calls are counted, if anywhere.
    pub(super) calls: Option<Arc<Calls>>,
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace {
            inner,
            settings: Arc::new(self.clone()),
        }
    }
}

/// Traces calls, and continues the trace on the other side.
#[derive(Clone, Debug)]
pub(super) struct Trace<S> {
    inner: S,
    settings: Arc<TraceLayer>,
}

impl<S> Service<Request<Body>> for Trace<S>
where
    S: Service<Request<Body>, Response = Response<ResponseBody>, Error = Error>,
{
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(cx).map_err(Status::from)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let TraceLayer {
            service,
            telemetry,
            calls,
        } = &*self.settings;
        let call = ClientCall {
            path: request.uri().path(),
            service,
        };
        // Questions after health and the like are nobody's calls.
        let calls = calls.as_ref().filter(|_| is_work(call.path));
        let timing = calls.map(|calls| calls.begin(call.path));
        let (mut span, baggage, version) = Scope::with(|scope| {
            let span = telemetry.client(&scope.span, call).timed_rpc(timing);
            (span, scope.baggage.clone(), scope.version.clone())
        });
        span.inject(request.headers_mut());
        telemetry.inject_baggage(&baggage, request.headers_mut());
        if let Some(version) = version {
            force(&version, request.headers_mut());
        }
        if let Some(notes) = telemetry.notes(&mut span, service) {
            request.extensions_mut().insert(notes);
        }
        ResponseFuture {
            inner: self.inner.call(request),
            span: Some(span),
        }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        span: Option<CallSpan>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResponseBody>, Error>>,
{
    type Output = Result<Response<ResponseBody>, Status>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        let Some(mut span) = this.span.take() else {
            return Poll::Ready(answer.map_err(Status::from));
        };
        Poll::Ready(match answer {
            Ok(mut response) => {
                // An answer of trailers only has its status here.
                if response.headers().contains_key(Status::GRPC_STATUS) {
                    span.end_grpc(code(response.headers()));
                } else {
                    response.body_mut().set_span(span);
                }
                Ok(response)
            }
            Err(error) => {
                if matches!(error, Error::RateLimited { .. }) {
                    span.refused(Limiter::Upstream);
                }
                let status = Status::from(error);
                span.end_grpc(status.code());
                Err(status)
            }
        })
    }
}
