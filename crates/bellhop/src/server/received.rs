//! The body of a request as a handler reads it.

use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::{endpoint, http2::Reading};

type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of a request: from a connection, or from a caller in the same process.
#[derive(Debug)]
pub struct RequestBody(Origin);

#[derive(Debug)]
enum Origin {
    /// Over HTTP/1, or over either where the connection may be of both.
    Afar(Incoming),
    Stream(Reading),
    Beside(endpoint::RequestBody),
}

impl RequestBody {
    /// Whether who calls is in the same process, and polls the call.
    pub(super) fn is_beside(&self) -> bool {
        matches!(self.0, Origin::Beside(_))
    }
}

impl From<Incoming> for RequestBody {
    fn from(body: Incoming) -> Self {
        Self(Origin::Afar(body))
    }
}

impl From<Reading> for RequestBody {
    fn from(body: Reading) -> Self {
        Self(Origin::Stream(body))
    }
}

impl From<endpoint::RequestBody> for RequestBody {
    fn from(body: endpoint::RequestBody) -> Self {
        Self(Origin::Beside(body))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Origin::Afar(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Origin::Stream(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Origin::Beside(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Origin::Afar(body) => body.is_end_stream(),
            Origin::Stream(body) => body.is_end_stream(),
            Origin::Beside(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Origin::Afar(body) => body.size_hint(),
            Origin::Stream(body) => body.size_hint(),
            Origin::Beside(body) => body.size_hint(),
        }
    }
}
