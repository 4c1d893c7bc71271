//! A gRPC call as its handler meets it: under its deadline, within its scope, and caught where it panics.

use std::{
    any::Any,
    convert::Infallible,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::{task::futures::TaskLocalFuture, time::Instant};
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{
    Services,
    incoming::Call,
    panic::{CatchPanic, Panics, catch, catch_step},
    routes,
};
use crate::{
    client::attempts,
    context::{Scope, Who},
    deadline::{Timer, parse_timeout},
    limit::{REFUSED, UPSTREAM},
};

/// Starts the clock of a call's deadline, enters its scope, and has it handled.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) services: Arc<Services>,
    pub(super) who: Arc<Who>,
    // Each worker has its own reference to them: what calls count references to is not shared.
    pub(super) panics: Arc<Panics>,
}

impl Service<Call> for Handle {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> ResponseFuture {
        let Call {
            request,
            span,
            baggage,
            explanation,
            ..
        } = call;
        let timeout = parse_timeout(request.headers());
        let after = timeout.as_ref().ok().copied().flatten();
        let timer = after.map(|after| Timer::new(Instant::now(), after));
        let scope = Scope {
            span,
            baggage,
            member: Some(self.who.clone()),
            deadline: timer.as_ref().map(Timer::at),
            explanation,
            attempts: attempts(request.headers()),
        };
        let routed = timeout.is_ok();
        let handler = scope.enter(catch(|| match timeout {
            Ok(_) => self.services.call(request),
            Err(error) => routes::refuse(&Status::invalid_argument(error.to_string())),
        }));
        ResponseFuture {
            handler,
            panics: self.panics.clone(),
            timer,
            begun: false,
            routed,
        }
    }
}

pin_project! {
    /// The answer to a call: the handler's, or that it took too long.
    pub(super) struct ResponseFuture {
        #[pin]
        handler: TaskLocalFuture<Scope, CatchPanic<routes::Answer>>,
        panics: Arc<Panics>,
        timer: Option<Timer>,
        // Whether the handler has had a turn.
        begun: bool,
        // Whether there was a handler to ask.
        routed: bool,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // With more to do than can be done a call may have its first turn when nobody waits for it any more.
        let first = !mem::replace(this.begun, true);
        let late = first && this.timer.as_ref().is_some_and(Timer::has_passed);
        let handled = match late {
            true => Poll::Pending,
            false => this.handler.as_mut().poll(cx),
        };
        let (response, line) = match (handled, &mut *this.timer) {
            (Poll::Ready(answer), _) => {
                let line = Line {
                    scope: this.handler.take_value().unwrap_or_default(),
                    panics: this.panics.clone(),
                };
                match answer {
                    Ok(Ok(mut response)) => {
                        as_own(response.headers_mut());
                        (response, Some(line))
                    }
                    Err(panic) => (line.tell(&*panic).into_http(), None),
                }
            }
            (Poll::Pending, None) => return Poll::Pending,
            (Poll::Pending, Some(timer)) => {
                if !late {
                    ready!(timer.poll_passed(cx));
                }
                (deadline_exceeded(timer).into_http(), None)
            }
        };
        let timer = this.timer.take();
        let handled = *this.routed && is_known(&response);
        Poll::Ready(Ok(response.map(|inner| ResponseBody {
            inner,
            timer,
            handled,
            line,
        })))
    }
}

impl Line {
    /// Tells the log, and whoever called no more than that it was so.
    fn tell(&self, panic: &(dyn Any + Send)) -> Status {
        self.scope.run(|| self.panics.note(panic));
        panicked()
    }
}

fn panicked() -> Status {
    Status::internal("the handler panicked")
}

/// Whether it is an answer to a method that there is: nobody says of the others anything else than that they are not.
fn is_known(response: &Response<Body>) -> bool {
    let status = response.headers().get(Status::GRPC_STATUS);
    let code = status.map(|status| Code::from_bytes(status.as_bytes()));
    response.status() == StatusCode::OK && code != Some(Code::Unimplemented)
}

/// A handler has seen the call, whoever refused one that it made: a status that it passes on does not say otherwise.
fn as_own(said: &mut HeaderMap) {
    if let Some(mark) = said.get_mut(REFUSED) {
        *mark = UPSTREAM;
    }
}

fn deadline_exceeded(timer: &Timer) -> Status {
    Status::deadline_exceeded(format!("the call was given {:?}", timer.after()))
}

/// The body of an answer: written under the call's deadline.
pub(super) struct ResponseBody {
    inner: Body,
    timer: Option<Timer>,
    handled: bool,
    line: Option<Line>,
}

/// How a panic of the call is told.
struct Line {
    scope: Scope,
    panics: Arc<Panics>,
}

impl ResponseBody {
    /// Whether a handler was asked, and not one that says that there is no such method.
    pub(super) fn is_handled(&self) -> bool {
        self.handled
    }

    /// Ends the stream with a status, whatever the handler had still to say.
    fn cut_off(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.timer = None;
        self.inner = Body::empty();
        Poll::Ready(Some(Ok(Frame::trailers(trailers(status)))))
    }
}

impl From<Body> for ResponseBody {
    fn from(inner: Body) -> Self {
        Self {
            inner,
            timer: None,
            handled: false,
            line: None,
        }
    }
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
            Ok(Poll::Ready(mut frame)) => {
                if let Some(Ok(frame)) = &mut frame
                    && let Some(trailers) = frame.trailers_mut()
                {
                    as_own(trailers);
                }
                Poll::Ready(frame)
            }
            Ok(Poll::Pending) => {
                let Some(timer) = &mut this.timer else {
                    return Poll::Pending;
                };
                ready!(timer.poll_passed(cx));
                let status = deadline_exceeded(timer);
                this.cut_off(&status)
            }
            Err(panic) => {
                let line = this.line.take();
                let status = line.map_or_else(panicked, |line| line.tell(&*panic));
                this.cut_off(&status)
            }
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

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use futures_util::{StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody};
    use tokio::time::{advance, timeout};

    use super::*;
    use crate::limit::OVERLOAD;

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_with_its_deadline_and_its_work_with_it() {
        let (start, after) = (Instant::now(), Duration::from_secs(1));
        let work = Arc::new(());
        let held = work.clone();
        let frames = stream::iter([Ok::<_, Status>(Frame::data(Bytes::from_static(b"one")))]);
        let hangs = stream::once(async move {
            let _held = held;
            pending().await
        });
        let mut body = ResponseBody {
            timer: Some(Timer::new(start, after)),
            ..ResponseBody::from(Body::new(StreamBody::new(frames.chain(hangs))))
        };
        assert!(body.frame().await.unwrap().unwrap().is_data());
        let last = timeout(2 * after, body.frame()).await.expect("an end");
        let last = last.unwrap().unwrap();
        let trailers = last.into_trailers().unwrap();
        assert_eq!(trailers[Status::GRPC_STATUS], "4");
        assert_eq!(start.elapsed(), after);
        assert_eq!(Arc::strong_count(&work), 1, "the handler's work goes on");
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_time_is_over_before_its_turn_has_no_work_done() {
        let handler: routes::Answer = Box::pin(async { unreachable!("nobody waits for it") });
        let within = Duration::from_secs(1);
        let call = ResponseFuture {
            handler: Scope::default().enter(catch(|| handler)),
            panics: Arc::default(),
            timer: Some(Timer::new(Instant::now(), within)),
            begun: false,
            routed: true,
        };
        advance(within).await;
        let answer = call.await.unwrap();
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_status_that_a_handler_passes_on_at_the_end_of_a_stream_is_its_own() {
        let mut said = trailers(&Status::unavailable("another has too much to do"));
        said.insert(REFUSED, OVERLOAD);
        let frames = [Ok::<_, Status>(Frame::trailers(said))];
        let inner = Body::new(StreamBody::new(futures_util::stream::iter(frames)));
        let body = BodyExt::collect(ResponseBody::from(inner)).await.unwrap();
        assert_eq!(body.trailers().unwrap().get(REFUSED), Some(&UPSTREAM));
    }
}
