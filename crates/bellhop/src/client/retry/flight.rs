//! One attempt, until it is known whether it is answered.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, Response};
use tonic::{Code, Status};

use super::{
    Failure, Trail,
    policy::{failure_in, failure_in_head},
    target::{Attempt, Begin, Fail, Look, Target},
};
use crate::{
    endpoint::Peer,
    telemetry::{CallSpan, code_name},
};

const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What one attempt comes to.
pub(super) type Answer<T> = Result<Response<<T as Target>::Body>, <T as Target>::Error>;

/// An attempt.
pub(super) struct Flight<T: Target> {
    stage: Stage<T>,
    /// What it may use up.
    pub(super) share: u32,
    pub(super) hedge: bool,
    look: Look,
    /// Its span, where it is recorded and not the only one.
    pub(super) span: Option<CallSpan>,
}

enum Stage<T: Target> {
    Calling(T::Attempt),
    Beginning(Option<Response<T::Body>>),
}

/// An attempt that failed.
pub(super) struct Failed<T: Target> {
    pub(super) failure: Failure,
    answer: Answer<T>,
}

impl<T: Target> Flight<T> {
    pub(super) fn new(attempt: T::Attempt, share: u32, hedge: bool, look: Look) -> Self {
        Self {
            stage: Stage::Calling(attempt),
            share,
            hedge,
            look,
            span: None,
        }
    }

    /// The same with a span of its own.
    pub(super) fn recorded(mut self, span: Option<CallSpan>) -> Self {
        self.span = span;
        self
    }

    /// Waits for the answer, or for the failure.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<T::Body>, Failed<T>>> {
        loop {
            match &mut self.stage {
                Stage::Calling(attempt) => match ready!(Pin::new(attempt).poll(cx)) {
                    Err(error) => return Poll::Ready(Err(Failed::error(error))),
                    Ok(response) => {
                        let failure = failure_in_head(response.status(), response.headers());
                        if let Some(failure) = failure {
                            let answer = Ok(response);
                            return Poll::Ready(Err(Failed { failure, answer }));
                        }
                        let is_whole = response.headers().contains_key(Status::GRPC_STATUS);
                        if is_whole || self.look == Look::Nowhere {
                            return Poll::Ready(Ok(response));
                        }
                        self.stage = Stage::Beginning(Some(response));
                    }
                },
                Stage::Beginning(response) => {
                    let body = response.as_mut().expect("polled after its end").body_mut();
                    let begun = ready!(body.poll_begun(cx, self.look));
                    let failure = body.trailers().and_then(|trailers| failure_in(trailers));
                    let response = response.take().expect("polled after its end");
                    return Poll::Ready(match (begun, failure) {
                        (Err(error), _) => Err(Failed::error(error)),
                        (Ok(()), Some(failure)) => Err(Failed {
                            failure,
                            answer: Ok(response),
                        }),
                        (Ok(()), None) => Ok(response),
                    });
                }
            }
        }
    }

    /// Whom it has been sent to.
    pub(super) fn peer(&self) -> Option<&Arc<Peer>> {
        match &self.stage {
            Stage::Calling(attempt) => attempt.peer(),
            Stage::Beginning(response) => response.as_ref().map(|response| response.body().peer()),
        }
    }
}

/// Whoever is given up has an instance, too: at the deadline, the one that hangs.
impl<T: Target> Drop for Flight<T> {
    fn drop(&mut self) {
        if let Some(mut span) = self.span.take()
            && let Some(peer) = self.peer()
        {
            span.set_endpoint(peer.address, peer.id.as_str());
        }
    }
}

impl<T: Target> Failed<T> {
    fn error(error: T::Error) -> Self {
        Self {
            failure: error.failure(),
            answer: Err(error),
        }
    }

    /// What it is in gRPC.
    pub(super) fn code(&self) -> Code {
        match (&self.answer, self.failure) {
            (Err(error), _) => error.code(),
            (Ok(_), Failure::Status(code, _)) => code,
            (Ok(_), _) => Code::Unavailable,
        }
    }

    /// Ends the span of the attempt.
    pub(super) fn end(&self, span: Option<CallSpan>) {
        let Some(mut span) = span else {
            return;
        };
        if let Some(peer) = self.peer() {
            span.set_endpoint(peer.address, peer.id.as_str());
        }
        span.end_grpc(self.code());
    }

    pub(super) fn into_answer(self) -> Answer<T> {
        self.answer
    }

    pub(super) fn peer(&self) -> Option<&Arc<Peer>> {
        match &self.answer {
            Ok(response) => Some(response.body().peer()),
            Err(error) => error.peer(),
        }
    }

    /// In words.
    pub(super) fn reason(&mut self) -> String {
        match &mut self.answer {
            Err(error) => error.to_string(),
            Ok(response) => match status(response) {
                Some(headers) => in_words(headers),
                None => format!("HTTP {}", response.status()),
            },
        }
    }

    /// As the end of a call that made so many attempts.
    pub(super) fn after(mut self, attempts: u32, trail: Box<Trail>) -> Answer<T> {
        match &mut self.answer {
            Ok(response) => {
                if let Some(headers) = status(response) {
                    say_attempts(headers, attempts);
                }
                response.body_mut().set_trail(trail);
                self.answer
            }
            Err(_) => self.answer.map_err(|error| error.after(attempts, trail)),
        }
    }
}

/// Where an answer that is nothing but a status has it.
fn status<B: Begin>(response: &mut Response<B>) -> Option<&mut HeaderMap> {
    let is_head = response.headers().contains_key(Status::GRPC_STATUS);
    match is_head {
        true => Some(response.headers_mut()),
        false => response.body_mut().trailers(),
    }
}

fn in_words(headers: &HeaderMap) -> String {
    let status = Status::from_header_map(headers);
    let (code, message) = status.as_ref().map_or((Code::Unknown, ""), |status| {
        (status.code(), status.message())
    });
    match message {
        "" => code_name(code).to_owned(),
        message => format!("{}: {message}", code_name(code)),
    }
}

/// Adds to a status how many attempts were made.
fn say_attempts(headers: &mut HeaderMap, attempts: u32) {
    let said = headers.get(GRPC_MESSAGE);
    let mut message = said.map_or_else(Vec::new, |said| said.as_bytes().to_vec());
    // What was there is percent-encoded; what is added needs not be.
    let space = if message.is_empty() { "" } else { " " };
    message.extend(format!("{space}(after {attempts} attempts)").into_bytes());
    if let Ok(message) = message.try_into() {
        headers.insert(GRPC_MESSAGE, message);
    }
}
