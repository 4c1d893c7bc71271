//! An answer that is being read, to the end of its span.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use tonic::{Code, Status};

use super::{Error, ahead::Ahead, retry::Look};
use crate::{
    breaker::Outcome,
    deadline::{Expire, Timer},
    endpoint::{Account, AnswerBody, Peer},
    http2::ConnectionError,
    telemetry::CallSpan,
};

/// A step of reading an answer.
pub(super) type Step = Poll<Option<Result<Frame<Bytes>, Status>>>;

/// An answer that is being read.
pub(super) struct Reading {
    incoming: AnswerBody,
    ahead: Ahead,
    service: Arc<str>,
    pub(super) peer: Arc<Peer>,
    /// When its call ends.
    timer: Option<Timer>,
    span: Option<CallSpan>,
    account: Option<Account>,
}

impl Reading {
    pub(super) fn new(
        incoming: AnswerBody,
        service: Arc<str>,
        peer: Arc<Peer>,
        account: Option<Account>,
    ) -> Self {
        Self {
            incoming,
            ahead: Ahead::default(),
            service,
            peer,
            timer: None,
            span: None,
            account,
        }
    }

    pub(super) fn set_timer(&mut self, timer: Timer) {
        self.timer = Some(timer);
    }

    pub(super) fn set_span(&mut self, span: CallSpan) {
        self.span = Some(span);
    }

    /// Waits until so much of it is there that is to be looked at, and keeps it.
    pub(super) fn poll_begun(
        &mut self,
        cx: &mut Context<'_>,
        look: Look,
    ) -> Poll<Result<(), Error>> {
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
            let goes_on = frame.is_data() && look == Look::AtTheEnd;
            self.ahead.push(Ok(frame));
            // For this attempt that is all, if the call goes on with another one.
            if let Some(trailers) = self.ahead.trailers() {
                let (code, outcome) = (code(trailers), Outcome::of_trailers(trailers));
                self.judge(Some(code), outcome);
            }
            if !goes_on || self.ahead.is_full() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Whether it is all there, with the end behind its first message. Waits for nothing.
    pub(super) fn is_whole(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.ahead.is_more_than_a_frame() {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(frame)) => self.ahead.push(frame),
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
        self.ahead.is_whole()
    }

    /// The trailers, where they are all that there is.
    pub(super) fn trailers(&mut self) -> Option<&mut HeaderMap> {
        self.ahead.trailers()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Step {
        let frame = match self.ahead.pop() {
            Some(frame) => Some(frame),
            None => ready!(Pin::new(&mut self.incoming).poll_frame(cx)),
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(self.heard(frame)),
            Some(Err(source)) => {
                let error = self.broken(source);
                let over = self.out_of_time(error.code());
                Some(Err(self.fail(over.unwrap_or(error))))
            }
            None => {
                self.end(None, Outcome::Bad);
                None
            }
        })
    }

    fn heard(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Status> {
        let Some(trailers) = frame.trailers_ref() else {
            if let Some(account) = &mut self.account {
                account.heard();
            }
            return Ok(frame);
        };
        let code = code(trailers);
        if let Some(error) = self.out_of_time(code) {
            return Err(self.fail(error));
        }
        self.end(Some(code), Outcome::of_trailers(trailers));
        Ok(frame)
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

    fn fail(&mut self, error: Error) -> Status {
        let status = Status::from(error);
        self.end(Some(status.code()), Outcome::of(status.code()));
        status
    }

    /// Some servers say that a call is cancelled when its time is over.
    fn out_of_time(&self, code: Code) -> Option<Error> {
        let timer = self.timer.as_ref().filter(|_| code == Code::Cancelled)?;
        let is_over = timer.has_passed();
        is_over.then(|| Error::out_of_time(&self.service, timer))
    }

    fn broken(&self, source: ConnectionError) -> Error {
        Error::connection(self.service.clone(), self.peer.clone(), source)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.incoming.is_end_stream()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self.ahead.is_empty() {
            true => self.incoming.size_hint(),
            false => SizeHint::default(),
        }
    }
}

impl Expire for Reading {
    fn status(&self, timer: &Timer) -> Status {
        Error::out_of_time(&self.service, timer).into()
    }

    /// That there is nothing to read in time is the instance's failure; that nobody reads is not.
    fn expire(mut self, awaited: bool) {
        if !awaited {
            self.account = None;
        }
        let code = Code::DeadlineExceeded;
        self.end(Some(code), Outcome::of(code));
    }
}

/// The status that headers or trailers carry; `UNKNOWN` where they carry none.
pub(super) fn code(headers: &HeaderMap) -> Code {
    headers
        .get(Status::GRPC_STATUS)
        .map_or(Code::Unknown, |code| Code::from_bytes(code.as_bytes()))
}
