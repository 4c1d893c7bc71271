//! What is sent with a call.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

/// The body of a request: mostly one that is there as a whole, which needs no memory of its own.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// All of it, in one frame.
    Whole(Option<Bytes>),
    /// It comes bit by bit.
    Streaming(tonic::body::Body),
}

impl RequestBody {
    /// A body that is there as a whole.
    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole((!body.is_empty()).then_some(body))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|data| Ok(Frame::data(data)))),
            Self::Streaming(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_none(),
            Self::Streaming(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Streaming(body) => body.size_hint(),
        }
    }
}
