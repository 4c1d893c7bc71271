//! A gRPC call as its handler meets it: under its deadline, within its scope, and caught where it panics.

use std::{
    convert::Infallible,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{
    Services,
    body::{Line, ResponseBody, as_own, deadline_exceeded},
    incoming::Call,
    panic::{CatchPanic, Panics, catch},
    routes,
};
use crate::{
    client::attempts,
    context::{Scope, Who},
    deadline::{Timer, parse_timeout},
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
            at,
            span,
            baggage,
            explanation,
            version,
            ..
        } = call;
        let timeout = parse_timeout(request.headers());
        let after = timeout.as_ref().ok().copied().flatten();
        let timer = after.map(|after| Timer::new(at, after));
        let scope = Scope {
            span,
            baggage,
            member: Some(self.who.clone()),
            deadline: timer.as_ref().map(Timer::at),
            explanation,
            attempts: attempts(request.headers()),
            version,
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
        // With more to do than can be done a call may have a turn when nobody waits for it any more.
        let begun = mem::replace(this.begun, true);
        let late = this.timer.as_ref().is_some_and(|timer| match begun {
            true => timer.has_rung(),
            false => timer.has_passed(),
        });
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
        Poll::Ready(Ok(
            response.map(|body| ResponseBody::new(body, timer, handled, line))
        ))
    }
}

/// Whether it is an answer to a method that there is: nobody says of the others anything else than that they are not.
fn is_known(response: &Response<Body>) -> bool {
    let status = response.headers().get(Status::GRPC_STATUS);
    let code = status.map(|status| Code::from_bytes(status.as_bytes()));
    response.status() == StatusCode::OK && code != Some(Code::Unimplemented)
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        pin::pin,
        sync::atomic::{AtomicUsize, Ordering::Relaxed},
        time::Duration,
    };

    use futures_util::poll;
    use tokio::time::{Instant, advance};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(1);

    fn call(handler: routes::Answer) -> ResponseFuture {
        ResponseFuture {
            handler: Scope::default().enter(catch(|| handler)),
            panics: Arc::default(),
            timer: Some(Timer::new(Instant::now(), WITHIN)),
            begun: false,
            routed: true,
        }
    }

    fn code(answer: Result<Response<ResponseBody>, Infallible>) -> Code {
        let Ok(answer) = answer;
        Status::from_header_map(answer.headers()).unwrap().code()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_time_is_over_before_its_turn_has_no_work_done() {
        let call = call(Box::pin(async { unreachable!("nobody waits for it") }));
        advance(WITHIN).await;
        assert_eq!(code(call.await), Code::DeadlineExceeded);
    }

    #[tokio::test(start_paused = true)]
    async fn nor_has_one_whose_time_is_over_before_its_next_turn() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let handler = poll_fn(move |_| {
            counted.fetch_add(1, Relaxed);
            Poll::Pending
        });
        let mut call = pin!(call(Box::pin(handler)));
        assert!(poll!(call.as_mut()).is_pending());
        advance(WITHIN).await;
        assert_eq!(code(call.await), Code::DeadlineExceeded);
        assert_eq!(turns.load(Relaxed), 1);
    }
}
