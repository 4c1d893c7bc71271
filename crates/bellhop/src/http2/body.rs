//! The body of an answer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http_body::{Body, Frame, SizeHint};
use tokio_util::task::AbortOnDropHandle;

use super::{ConnectionError, InFlight};

/// What comes of an answer after its head. Who drops it resets the stream.
#[derive(Debug)]
pub(crate) struct Answer {
    stream: RecvStream,
    /// Only trailers are left.
    data_done: bool,
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
            stream,
            data_done: false,
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
        if !self.data_done {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // It fails where the stream is over, and then nobody needs room.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(self.failed(error)),
                None => self.data_done = true,
            }
        }
        Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => self.failed(error),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
