//! The body of an answer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use tokio_util::task::AbortOnDropHandle;

use super::{ConnectionError, InFlight, Reading};

/// What comes of an answer after its head. Who drops it resets the stream.
#[derive(Debug)]
pub(crate) struct Answer {
    reading: Reading,
    in_flight: InFlight,
    /// What is left of the request.
    _sending: Option<AbortOnDropHandle<()>>,
}

impl Answer {
    pub(super) fn new(
        stream: RecvStream,
        in_flight: InFlight,
        sending: Option<AbortOnDropHandle<()>>,
    ) -> Self {
        Self {
            reading: Reading::new(stream),
            in_flight,
            _sending: sending,
        }
    }

    /// A stream that is reset without an error is over: nothing more of the request was wanted.
    fn failed(&self, error: h2::Error) -> Option<Result<Frame<Bytes>, ConnectionError>> {
        let is_over = error.reason() == Some(Reason::NO_ERROR);
        (!is_over).then(|| Err(self.in_flight.0.failure(error)))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = ConnectionError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionError>>> {
        let frame = match ready!(Pin::new(&mut self.reading).poll_frame(cx)) {
            Some(Err(error)) => self.failed(error),
            Some(Ok(frame)) => Some(Ok(frame)),
            None => None,
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.reading.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.reading.size_hint()
    }
}
