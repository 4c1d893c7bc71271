//! What a member serves, for callers within its process: the same stack, without a connection before it.

use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::{runtime, task::futures::TaskLocalFuture};
use tokio_util::{sync::CancellationToken, task::task_tracker::TaskTrackerToken};
use tonic::Status;
use tower::Service;

use super::{
    Worker,
    incoming::Call,
    observe::Observed,
    stack::{GrpcStack, Kind},
};
use crate::{context::Scope, endpoint::RequestBody};

/// One worker of a member.
#[derive(Clone)]
pub(crate) struct Local(Arc<Shared>);

struct Shared {
    stack: GrpcStack,
    runtime: runtime::Id,
    address: SocketAddr,
    closed: CancellationToken,
    /// The member waits for it when it leaves: for whoever may call, and for each call.
    held: Arc<TaskTrackerToken>,
}

impl Local {
    /// That of a worker of a member at this address; `None` of one that serves no gRPC. It takes calls until `closed`.
    pub(crate) fn of(
        worker: &Worker,
        address: SocketAddr,
        closed: &CancellationToken,
        held: TaskTrackerToken,
    ) -> Option<Self> {
        let Kind::Grpc(stack) = &worker.stack.kind else {
            return None;
        };
        Some(Self(Arc::new(Shared {
            stack: stack.clone(),
            runtime: worker.handle.id(),
            address,
            closed: closed.clone(),
            held: Arc::new(held),
        })))
    }

    /// Where the member listens for all others.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Whether callers on this runtime are to call it.
    pub(crate) fn is_on(&self, runtime: runtime::Id) -> bool {
        self.0.runtime == runtime && self.is_open()
    }

    /// Whether it takes calls.
    pub(crate) fn is_open(&self) -> bool {
        !self.0.closed.is_cancelled()
    }

    /// Cancelled when it takes no more calls. To wait for that is not to hold it.
    pub(crate) fn closed_token(&self) -> CancellationToken {
        self.0.closed.clone()
    }

    /// Serves a call, of which no more comes over than what a connection would carry.
    pub(crate) fn call(&self, mut request: Request<RequestBody>) -> ResponseFuture {
        *request.extensions_mut() = Extensions::new();
        let request = request.map(Into::into);
        let answer = self.0.stack.clone().call(Call::new(request, None));
        ResponseFuture {
            // What the caller hands to its own calls is not for who is called.
            answer: Scope::default().enter(answer),
            held: Some(self.0.held.clone()),
        }
    }
}

pin_project! {
    /// The answer to a call.
    pub(crate) struct ResponseFuture {
        #[pin]
        answer: TaskLocalFuture<Scope, <GrpcStack as Service<Call>>::Future>,
        // Until there is a body to hold it.
        held: Option<Arc<TaskTrackerToken>>,
    }
}

impl Future for ResponseFuture {
    type Output = Response<LocalBody>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<LocalBody>> {
        let this = self.project();
        let Ok(mut response) = ready!(this.answer.poll(cx));
        *response.extensions_mut() = Extensions::new();
        let held = this.held.take();
        Poll::Ready(response.map(|inner| LocalBody {
            inner: Box::new(inner),
            _held: held,
        }))
    }
}

/// The body of an answer.
pub(crate) struct LocalBody {
    inner: Box<Observed>,
    _held: Option<Arc<TaskTrackerToken>>,
}

impl LocalBody {
    /// A body that fails ends with the status of that.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        let inner = Pin::new(&mut *self.inner);
        let frame = Scope::default().run(|| inner.poll_frame(cx));
        frame.map(|frame| frame.map(|frame| frame.unwrap_or_else(|status| ended_by(&status))))
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn ended_by(status: &Status) -> Frame<Bytes> {
    let mut trailers = http::HeaderMap::new();
    // A message that is no header leaves the code, which says enough.
    let _ = status.add_header(&mut trailers);
    Frame::trailers(trailers)
}

impl fmt::Debug for LocalBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalBody").finish_non_exhaustive()
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("address", &self.0.address)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}
