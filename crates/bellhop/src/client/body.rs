//! The body of an answer: read under the call's deadline, to the end of its span.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tonic::{Code, Status};

use super::{
    Error,
    retry::{Begin, Look, Trail},
};
use crate::{
    breaker::Outcome,
    deadline::Timer,
    endpoint::{Account, AnswerBody, Peer},
    telemetry::CallSpan,
};

/// The body of an answer.
pub struct ResponseBody {
    incoming: AnswerBody,
    /// What was read of it to see whether it is an answer.
    first: Option<Frame<Bytes>>,
    second: Option<Frame<Bytes>>,
    trail: Option<Box<Trail>>,
    service: Arc<str>,
    peer: Arc<Peer>,
    timer: Option<Timer>,
    span: Option<CallSpan>,
    account: Option<Account>,
}

impl ResponseBody {
    pub(super) fn new(
        incoming: AnswerBody,
        service: Arc<str>,
        peer: Arc<Peer>,
        account: Option<Account>,
    ) -> Self {
        Self {
            incoming,
            first: None,
            second: None,
            trail: None,
            service,
            peer,
            timer: None,
            span: None,
            account,
        }
    }

    /// Who answers.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    /// What the call has been through; `None` where it was answered at the first attempt.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_deref()
    }

    pub(super) fn set_timer(&mut self, timer: Option<Timer>) {
        self.timer = timer;
    }

    pub(super) fn set_span(&mut self, span: CallSpan) {
        self.span = Some(span);
    }

    /// Ends the call. A stream that ends without a status is broken.
    fn end(&mut self, code: Option<Code>, outcome: Outcome) {
        self.judge(code, outcome);
        if let Some(span) = self.span.take() {
            span.end_grpc(code.unwrap_or(Code::Unknown));
        }
    }

    /// Tells what came of the call to those who judge the instance.
    fn judge(&mut self, code: Option<Code>, outcome: Outcome) {
        if let Some(mut account) = self.account.take() {
            account.finish(code, outcome);
        }
    }

    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.first.take().or_else(|| self.second.take()) {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.incoming).poll_frame(cx),
        }
    }

    /// Some servers say that a call is cancelled when its time is over.
    fn out_of_time(&self, code: Code) -> Option<Error> {
        let timer = self.timer.as_ref().filter(|_| code == Code::Cancelled)?;
        let is_over = timer.has_passed();
        is_over.then(|| Error::out_of_time(&self.service, timer))
    }

    fn broken(&self, source: hyper::Error) -> Error {
        Error::connection(self.service.clone(), self.peer.clone(), source)
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let status = Status::from(error);
        self.end(Some(status.code()), Outcome::of(status.code()));
        Poll::Ready(Some(Err(status)))
    }
}

impl Begin for ResponseBody {
    type Error = Error;

    fn poll_begun(&mut self, cx: &mut Context<'_>, look: Look) -> Poll<Result<(), Error>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(source)) => {
                    let error = self.broken(source);
                    self.judge(Some(error.code()), Outcome::of(error.code()));
                    return Poll::Ready(Err(error));
                }
                Some(Ok(frame)) => frame,
            };
            if self.first.is_some() {
                self.second = Some(frame);
                return Poll::Ready(Ok(()));
            }
            // For this attempt that is all, if the call goes on with another one.
            if let Some(trailers) = frame.trailers_ref() {
                self.judge(Some(code(trailers)), Outcome::of_trailers(trailers));
            }
            let goes_on = frame.is_data() && look == Look::AtTheEnd;
            self.first = Some(frame);
            if !goes_on {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn trailers(&mut self) -> Option<&mut HeaderMap> {
        self.first.as_mut().and_then(Frame::trailers_mut)
    }

    fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }

    fn set_trail(&mut self, trail: Box<Trail>) {
        self.trail = Some(trail);
    }
}

/// The status that headers or trailers carry; `UNKNOWN` where they carry none.
pub(super) fn code(headers: &HeaderMap) -> Code {
    headers
        .get(Status::GRPC_STATUS)
        .map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()))
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        match this.poll_incoming(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let said = frame.trailers_ref().map(code);
                if let Some(error) = said.and_then(|code| this.out_of_time(code)) {
                    return this.fail(error);
                }
                if let Some(trailers) = frame.trailers_ref() {
                    this.end(Some(code(trailers)), Outcome::of_trailers(trailers));
                } else if let Some(account) = &mut this.account {
                    account.heard();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(source))) => {
                let error = this.broken(source);
                let over = this.out_of_time(error.code());
                this.fail(over.unwrap_or(error))
            }
            Poll::Ready(None) => {
                this.end(None, Outcome::Bad);
                Poll::Ready(None)
            }
            Poll::Pending => {
                let Some(timer) = &mut this.timer else {
                    return Poll::Pending;
                };
                if timer.poll_passed(cx).is_pending() {
                    return Poll::Pending;
                }
                let error = Error::out_of_time(&this.service, timer);
                this.fail(error)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.second.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.first.as_ref().or(self.second.as_ref()) {
            Some(_) => SizeHint::default(),
            None => self.incoming.size_hint(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
