//! A body on its way out.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};

use super::head::strip;

/// A body and the stream that it goes to.
pub(super) struct Pipe<B> {
    body: B,
    stream: SendStream<Bytes>,
    at_once: usize,
    handed: usize,
}

impl<B: Body<Data = Bytes> + Unpin> Pipe<B> {
    /// So many bytes are handed down at once, before the other side has made room for them.
    pub(super) fn new(body: B, stream: SendStream<Bytes>, at_once: usize) -> Self {
        Self {
            body,
            stream,
            at_once,
            handed: 0,
        }
    }

    /// Hands down the body. Is ready at its end, or when nobody wants it.
    pub(super) fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let waits = self.handed >= self.at_once;
            if waits && ready!(self.poll_room(cx)).is_err() {
                return Poll::Ready(());
            }
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if waits {
                        // Who has nothing to say keeps no room from the others of the connection.
                        self.stream.reserve_capacity(0);
                    }
                    // Who does not want the rest says so; h2 keeps what else came of it for whoever reads.
                    return self.stream.poll_reset(cx).map(drop);
                }
            };
            let more = match frame {
                Some(Ok(frame)) => self.hand(frame),
                Some(Err(_)) => {
                    self.stream.send_reset(Reason::INTERNAL_ERROR);
                    false
                }
                None => {
                    // Fails where nobody wants to know.
                    let _ = self.stream.send_data(Bytes::new(), true);
                    false
                }
            };
            if !more {
                return Poll::Ready(());
            }
        }
    }

    /// Hands down a frame. Whether there is more to come, and somebody to take it.
    fn hand(&mut self, frame: Frame<Bytes>) -> bool {
        match frame.into_data() {
            Ok(data) => {
                let last = self.body.is_end_stream();
                self.handed += data.len();
                self.stream.send_data(data, last).is_ok() && !last
            }
            Err(frame) => match frame.into_trailers() {
                Ok(mut trailers) => {
                    strip(&mut trailers);
                    // Fails where nobody wants them.
                    let _ = self.stream.send_trailers(trailers);
                    false
                }
                Err(_) => true,
            },
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.stream.reserve_capacity(1);
        while self.stream.capacity() == 0 {
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(())),
            }
        }
        Poll::Ready(Ok(()))
    }
}
