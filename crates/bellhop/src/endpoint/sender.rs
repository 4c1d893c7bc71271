//! How a call reaches an instance: over an HTTP/2 connection, or in memory where it runs in the same process.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::RequestBody;
use crate::{
    http2::{self, ConnectionError, Unsent},
    server::{Local, LocalBody},
};

/// How a call reaches an instance.
#[derive(Clone)]
pub(super) enum Sender {
    Http2(http2::Sender),
    Local(Beside),
}

/// An instance in the same process.
#[derive(Clone)]
pub(super) struct Beside {
    local: Local,
    /// Goes with the last of those who may call.
    _used: Arc<DropGuard>,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Http2(http2::Answer),
    Local(LocalBody),
}

impl From<http2::Answer> for AnswerBody {
    fn from(body: http2::Answer) -> Self {
        Self::Http2(body)
    }
}

impl From<LocalBody> for AnswerBody {
    fn from(body: LocalBody) -> Self {
        Self::Local(body)
    }
}

impl Sender {
    /// Whether it takes calls.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Http2(sender) => sender.is_ready(),
            Self::Local(beside) => beside.local.is_open(),
        }
    }
}

impl Beside {
    /// A way to an instance, and what ends with it: when the instance goes, or nobody can call any more.
    pub(super) fn new(local: Local) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let unused = CancellationToken::new();
        let beside = Self {
            local: local.clone(),
            _used: Arc::new(unused.clone().drop_guard()),
        };
        let closed = local.closed_token();
        let end = async move {
            tokio::select! {
                () = closed.cancelled() => {}
                () = unused.cancelled() => {}
            }
        };
        (beside, end)
    }

    /// Has the call served.
    pub(super) fn send(
        &self,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Result<Response<LocalBody>, Unsent>> + Send + use<> {
        self.local.call(request).map(Ok)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = ConnectionError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionError>>> {
        match self.get_mut() {
            Self::Http2(body) => Pin::new(body).poll_frame(cx),
            Self::Local(body) => body.poll_next(cx).map(|frame| frame.map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http2(body) => body.is_end_stream(),
            Self::Local(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http2(body) => body.size_hint(),
            Self::Local(body) => body.size_hint(),
        }
    }
}
