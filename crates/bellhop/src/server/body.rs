//! The body of an answer, under the deadline of its call.

use std::{
    any::Any,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use tonic::{Status, body::Body};

use super::panic::{Panics, catch_step};
use crate::{
    context::Scope,
    deadline::{Expire, Lease, Timer},
    limit::{REFUSED, UPSTREAM},
};

type Step = Poll<Option<Result<Frame<Bytes>, Status>>>;

/// The body of an answer: written under the call's deadline.
// On the heap: an answer is moved by each layer that it comes through.
pub(super) struct ResponseBody(Box<Answer>);

struct Answer {
    source: Source,
    handled: bool,
    line: Option<Line>,
}

/// Where an answer comes from.
enum Source {
    /// It has not begun, it is all there, or it has all the time there is.
    Own(Rest, Option<Timer>),
    /// There is more to come: a stream whose reader may stand still for longer than the call has.
    Leased(Lease<Rest>),
}

/// What is still to be said of an answer.
struct Rest {
    /// What was read ahead of it.
    next: Option<Result<Frame<Bytes>, Status>>,
    body: Body,
}

/// How a panic of the call is told.
pub(super) struct Line {
    pub(super) scope: Scope,
    pub(super) panics: Arc<Panics>,
}

impl ResponseBody {
    /// What a handler answers, or somebody for it where none was asked.
    pub(super) fn new(body: Body, timer: Option<Timer>, handled: bool, line: Option<Line>) -> Self {
        Self(Box::new(Answer {
            source: Source::Own(Rest { next: None, body }, timer),
            handled,
            line,
        }))
    }

    /// Whether a handler was asked, and not one that says that there is no such method.
    pub(super) fn is_handled(&self) -> bool {
        self.0.handled
    }

    /// Whether its deadline has ended it, be it that nobody has read so far.
    pub(super) fn is_out_of_time(&self) -> bool {
        matches!(&self.0.source, Source::Leased(lease) if lease.is_over())
    }

    /// Makes a step; `Err` is the status that ends the stream, whatever the handler had still to say.
    fn step(&mut self, cx: &mut Context<'_>) -> Result<Step, Status> {
        let step = match &mut self.0.source {
            Source::Own(rest, _) => catch_step(|| rest.poll(cx).map(Ok)),
            Source::Leased(lease) => catch_step(|| lease.poll(cx, Rest::poll)),
        };
        match step {
            Ok(Poll::Ready(Err(over))) => return Err(over),
            Ok(Poll::Ready(Ok(frame))) => {
                if frame.as_ref().is_some_and(is_data) {
                    self.look_ahead(cx);
                }
                return Ok(Poll::Ready(frame));
            }
            Ok(Poll::Pending) => {}
            Err(panic) => return Err(tell(&mut self.0.line, &*panic)),
        }
        if let Source::Own(_, Some(timer)) = &mut self.0.source
            && timer.poll_passed(cx).is_ready()
        {
            return Err(deadline_exceeded(timer));
        }
        Ok(Poll::Pending)
    }

    /// Sees, with the first message of an answer, whether that is all. What has more to say is held to the deadline from here
    /// on, for it is asked for more only when its reader has read.
    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        let Source::Own(rest, timer) = &mut self.0.source else {
            return;
        };
        let Some(timer) = timer.take() else { return };
        match catch_step(|| Pin::new(&mut rest.body).poll_frame(cx)) {
            Ok(Poll::Ready(None)) => {
                // Not every body bears to be asked again.
                *rest = Rest::nothing();
                return;
            }
            Ok(Poll::Ready(next)) => rest.next = next,
            Ok(Poll::Pending) => {}
            Err(panic) => {
                let status = tell(&mut self.0.line, &*panic);
                *rest = Rest::end(&status);
            }
        }
        if rest.next.as_ref().is_none_or(is_data) {
            let rest = mem::replace(rest, Rest::nothing());
            self.0.source = Source::Leased(Lease::new(rest, timer));
        }
    }
}

impl Rest {
    fn nothing() -> Self {
        Self {
            next: None,
            body: Body::empty(),
        }
    }

    fn end(status: &Status) -> Self {
        Self {
            next: Some(Ok(Frame::trailers(trailers(status)))),
            body: Body::empty(),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Step {
        match self.next.take() {
            None => Pin::new(&mut self.body).poll_frame(cx),
            next => Poll::Ready(next),
        }
    }
}

impl Expire for Rest {
    fn status(&self, timer: &Timer) -> Status {
        deadline_exceeded(timer)
    }

    fn expire(self, _: bool) {}
}

impl From<Body> for ResponseBody {
    fn from(body: Body) -> Self {
        Self::new(body, None, false, None)
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step {
        let this = &mut *self;
        let mut frame = match this.step(cx) {
            Ok(step) => ready!(step),
            Err(status) => {
                this.0.source = Source::Own(Rest::nothing(), None);
                Some(Ok(Frame::trailers(trailers(&status))))
            }
        };
        if let Some(Ok(frame)) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            as_own(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.0.source {
            Source::Own(rest, _) => rest.next.is_none() && rest.body.is_end_stream(),
            Source::Leased(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0.source {
            Source::Own(Rest { next: None, body }, _) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

fn is_data(frame: &Result<Frame<Bytes>, Status>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_data)
}

impl Line {
    /// Tells the log, and whoever called no more than that it was so.
    pub(super) fn tell(&self, panic: &(dyn Any + Send)) -> Status {
        self.scope.run(|| self.panics.note(panic));
        panicked()
    }
}

fn tell(line: &mut Option<Line>, panic: &(dyn Any + Send)) -> Status {
    let line = line.take();
    line.map_or_else(panicked, |line| line.tell(panic))
}

fn panicked() -> Status {
    Status::internal("the handler panicked")
}

/// A handler has seen the call, whoever refused one that it made: a status that it passes on does not say otherwise.
pub(super) fn as_own(said: &mut HeaderMap) {
    if let Some(mark) = said.get_mut(REFUSED) {
        *mark = UPSTREAM;
    }
}

pub(super) fn deadline_exceeded(timer: &Timer) -> Status {
    Status::deadline_exceeded(format!("the call was given {:?}", timer.after()))
}

/// A status as the trailers that end a stream.
fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(2);
    // A message that is no header leaves the code, which says enough.
    let _ = status.add_header(&mut trailers);
    trailers
}

#[cfg(test)]
mod tests;
