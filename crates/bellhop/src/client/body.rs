//! The body of an answer: read under the call's deadline.

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, SizeHint};
use tonic::{Code, Status};

pub(super) use super::reading::code;
use super::{
    Error,
    reading::{Reading, Step},
    retry::{Begin, Look, Trail},
};
use crate::{
    deadline::{Lease, Timer},
    endpoint::{Account, AnswerBody, Peer},
    telemetry::CallSpan,
};

/// The body of an answer.
pub struct ResponseBody {
    source: Source,
    trail: Option<Box<Trail>>,
}

/// Where an answer comes from.
enum Source {
    /// Nobody has it yet, it is all there, or it has all the time there is.
    // On the heap: an answer is moved by each layer that it comes through.
    Own(Box<Reading>),
    /// There is more to come: a stream whose reader may take longer than the call has.
    Leased(Lease<Reading>, Arc<Peer>),
    /// It has come to its end.
    Over(Arc<Peer>),
}

impl ResponseBody {
    pub(super) fn new(
        incoming: AnswerBody,
        service: Arc<str>,
        peer: Arc<Peer>,
        account: Option<Account>,
    ) -> Self {
        Self {
            source: Source::Own(Box::new(Reading::new(incoming, service, peer, account))),
            trail: None,
        }
    }

    /// Who answers.
    pub fn peer(&self) -> &Arc<Peer> {
        match &self.source {
            Source::Own(reading) => &reading.peer,
            Source::Leased(_, peer) | Source::Over(peer) => peer,
        }
    }

    /// What the call has been through; `None` where it was answered at the first attempt.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_deref()
    }

    /// Ends with the call, from here on, whether or not anybody reads it.
    pub(super) fn bound(&mut self, timer: Option<Timer>, cx: &mut Context<'_>) {
        let (Source::Own(reading), Some(timer)) = (&mut self.source, timer) else {
            return;
        };
        reading.set_timer(timer.clone());
        if reading.is_end_stream() || reading.is_whole(cx) {
            return;
        }
        let peer = reading.peer.clone();
        let over = Source::Over(peer.clone());
        if let Source::Own(reading) = mem::replace(&mut self.source, over) {
            self.source = Source::Leased(Lease::new(*reading, timer), peer);
        }
    }

    pub(super) fn set_span(&mut self, span: CallSpan) {
        let late = match &mut self.source {
            Source::Own(reading) => return reading.set_span(span),
            Source::Leased(lease, _) => lease.with(span, Reading::set_span),
            Source::Over(_) => Err(span),
        };
        if let Err(span) = late {
            span.end_grpc(Code::DeadlineExceeded);
        }
    }
}

impl Begin for ResponseBody {
    type Error = Error;

    fn poll_begun(&mut self, cx: &mut Context<'_>, look: Look) -> Poll<Result<(), Error>> {
        match &mut self.source {
            Source::Own(reading) => reading.poll_begun(cx, look),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn trailers(&mut self) -> Option<&mut HeaderMap> {
        match &mut self.source {
            Source::Own(reading) => reading.trailers(),
            _ => None,
        }
    }

    fn peer(&self) -> &Arc<Peer> {
        self.peer()
    }

    fn set_trail(&mut self, trail: Box<Trail>) {
        self.trail = Some(trail);
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step {
        let frame = match &mut self.source {
            Source::Own(reading) => return reading.poll(cx),
            Source::Leased(lease, _) => match ready!(lease.poll(cx, Reading::poll)) {
                Ok(frame) => frame,
                Err(over) => Some(Err(over)),
            },
            Source::Over(_) => return Poll::Ready(None),
        };
        let goes_on = matches!(&frame, Some(Ok(frame)) if frame.is_data());
        if !goes_on {
            self.source = Source::Over(self.peer().clone());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(reading) => reading.is_end_stream(),
            Source::Leased(..) => false,
            Source::Over(_) => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(reading) => reading.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("peer", self.peer())
            .finish_non_exhaustive()
    }
}
