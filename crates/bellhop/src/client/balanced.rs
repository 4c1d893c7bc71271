//! Round robin over a service's instances, with failures that name the service, the instance and the cause.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use super::{
    Error, ResponseBody,
    retry::{self, Target},
};
use crate::{
    balance::{self, RoundRobin, Says},
    deadline::parse_timeout,
    discovery::InstanceId,
    endpoint::{Answer, CallError, Endpoint, Peer, RequestBody},
    split::want,
    upstream::{Report, Upstream},
};

/// Calls whoever's turn it is.
#[derive(Clone, Debug)]
pub(super) struct Balanced {
    inner: RoundRobin<InstanceId, Endpoint>,
    called: Arc<Called>,
}

/// Whom a channel calls. Each channel has its own: what calls count references to is not shared between shards.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) service: Arc<str>,
    pub(super) upstream: Arc<Upstream>,
}

impl Balanced {
    /// Connects to a service from the runtime of `handle`.
    pub(super) fn new(upstream: Arc<Upstream>, patience: Duration, handle: Handle) -> Self {
        let shard = upstream.attach(handle);
        Self {
            inner: RoundRobin::new(shard, patience),
            called: Arc::new(Called {
                service: Arc::from(&**upstream.service()),
                upstream,
            }),
        }
    }

    pub(super) fn service(&self) -> &Arc<str> {
        &self.called.service
    }

    pub(super) fn called(&self) -> &Arc<Called> {
        &self.called
    }

    pub(super) fn report(&self) -> Report {
        self.called.upstream.report()
    }
}

impl Target for Balanced {
    type Body = ResponseBody;
    type Error = Error;
    type Attempt = Attempt;

    fn attempt(&self, request: Request<RequestBody>, avoid: Vec<InstanceId>) -> Attempt {
        let says = Says {
            limit: share_of_time,
            want,
        };
        Attempt {
            inner: self.inner.call_avoiding(request, says, avoid),
            called: self.called.clone(),
        }
    }

    fn has_other(&self, avoid: &[InstanceId]) -> bool {
        self.inner.has_other(|id| avoid.contains(id))
    }
}

/// How long a call may wait for somebody: not all of its time, for then it could not say why there was nobody.
pub(super) fn share_of_time<B>(request: &Request<B>) -> Option<Duration> {
    parse_timeout(request.headers())
        .ok()
        .flatten()
        .map(|timeout| timeout * 9 / 10)
}

pin_project! {
    /// One attempt of a call.
    pub(super) struct Attempt {
        #[pin]
        inner: balance::ResponseFuture<InstanceId, Endpoint, Request<RequestBody>>,
        called: Arc<Called>,
    }
}

impl retry::Attempt for Attempt {
    fn peer(&self) -> Option<&Arc<Peer>> {
        self.inner.call().map(|call| call.peer())
    }
}

impl Future for Attempt {
    type Output = Result<Response<ResponseBody>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let service = || this.called.service.clone();
        Poll::Ready(match ready!(this.inner.as_mut().poll(cx)) {
            Ok(Answer {
                response,
                peer,
                account,
            }) => {
                Ok(response.map(|incoming| ResponseBody::new(incoming, service(), peer, account)))
            }
            Err(balance::Error::NoMember { waited }) => {
                let fails_fast = this.inner.fails_fast();
                Err(Error::Unavailable {
                    service: service(),
                    cause: this.called.upstream.nobody_came(fails_fast),
                    waited,
                })
            }
            Err(balance::Error::Member(CallError { peer, source, .. })) => {
                Err(Error::connection(service(), peer, source))
            }
        })
    }
}
