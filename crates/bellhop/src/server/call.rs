//! A gRPC call as its server sees it: its span, its deadline, and the scope of its handler.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tokio::{task::futures::TaskLocalFuture, time::Instant};
use tonic::{Code, Status, body::Body};

use super::{
    Services,
    panic::{CatchPanic, catch, catch_step},
    routes,
};
use crate::{
    context::Scope,
    deadline::{Timer, parse_timeout},
    telemetry::{CallSpan, ServerCall, Telemetry},
};

/// Begins a call.
pub(super) fn call(
    telemetry: &Telemetry,
    services: &Services,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> ResponseFuture {
    let known = ServerCall {
        path: request.uri().path(),
        peer: Some(peer),
    };
    let span = telemetry.server(request.headers(), known);
    let timeout = parse_timeout(request.headers());
    let after = timeout.as_ref().ok().copied().flatten();
    let timer = after.map(|after| Timer::new(Instant::now(), after));
    let scope = Scope {
        span: span.context().clone(),
        deadline: timer.as_ref().map(Timer::at),
    };
    let handler = scope.enter(catch(|| match timeout {
        Ok(_) => services.call(request),
        Err(error) => routes::refuse(&Status::invalid_argument(error.to_string())),
    }));
    ResponseFuture {
        handler,
        timer,
        enclosing: span.otel_context(),
        span: Some(span),
    }
}

pin_project! {
    /// The answer to a call: the handler's, or that it took too long.
    pub(super) struct ResponseFuture {
        #[pin]
        handler: TaskLocalFuture<Scope, CatchPanic<routes::Answer>>,
        timer: Option<Timer>,
        // For the spans that the handler makes through the API of OpenTelemetry; only where ours is recorded.
        enclosing: Option<opentelemetry::Context>,
        span: Option<CallSpan>,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let enclosed = this.enclosing.clone().map(opentelemetry::Context::attach);
        let answer = this.handler.poll(cx);
        drop(enclosed);
        let response = match (answer, &mut *this.timer) {
            (Poll::Ready(Ok(Ok(response))), _) => response,
            (Poll::Ready(Err(panicked)), _) => Status::internal(panicked.to_string()).into_http(),
            (Poll::Pending, None) => return Poll::Pending,
            (Poll::Pending, Some(timer)) => {
                ready!(timer.poll_passed(cx));
                deadline_exceeded(timer).into_http()
            }
        };
        let (timer, span) = (this.timer.take(), this.span.take());
        Poll::Ready(Ok(ResponseBody::wrap(response, timer, span)))
    }
}

fn deadline_exceeded(timer: &Timer) -> Status {
    Status::deadline_exceeded(format!("the call was given {:?}", timer.after()))
}

/// The body of an answer: written under the call's deadline, to the end of its span.
pub(super) struct ResponseBody {
    inner: Body,
    timer: Option<Timer>,
    span: Option<CallSpan>,
}

impl ResponseBody {
    fn wrap(
        response: Response<Body>,
        timer: Option<Timer>,
        mut span: Option<CallSpan>,
    ) -> Response<Self> {
        // An answer of trailers only has its status here.
        if let Some(code) = code(response.headers())
            && let Some(span) = span.take()
        {
            span.end_grpc(code);
        }
        response.map(|inner| Self { inner, timer, span })
    }

    /// Ends the stream with a status, whatever the handler had still to say.
    fn cut_off(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.timer = None;
        self.inner = Body::empty();
        self.end(status.code());
        Poll::Ready(Some(Ok(Frame::trailers(trailers(status)))))
    }

    fn end(&mut self, code: Code) {
        if let Some(span) = self.span.take() {
            span.end_grpc(code);
        }
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers
        .get(Status::GRPC_STATUS)
        .map(|code| Code::from_bytes(code.as_bytes()))
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match catch_step(|| Pin::new(&mut this.inner).poll_frame(cx)) {
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.end(code(trailers).unwrap_or(Code::Unknown));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Ok(Poll::Ready(Some(Err(status)))) => {
                this.end(status.code());
                Poll::Ready(Some(Err(status)))
            }
            Ok(Poll::Ready(None)) => {
                this.end(Code::Ok);
                Poll::Ready(None)
            }
            Ok(Poll::Pending) => {
                let Some(timer) = &mut this.timer else {
                    return Poll::Pending;
                };
                ready!(timer.poll_passed(cx));
                let status = deadline_exceeded(timer);
                this.cut_off(&status)
            }
            Err(panicked) => this.cut_off(&Status::internal(panicked.to_string())),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A status as the trailers that end a stream.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    // A message that is no header leaves the code, which says enough.
    let _ = status.add_header(&mut trailers);
    trailers
}
