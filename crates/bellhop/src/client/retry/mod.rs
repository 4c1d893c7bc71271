//! Trying a call again, somewhere else.
//!
//! A call whose method may be called twice is tried again when its connection is lost or its answer is nothing but
//! `UNAVAILABLE`, and a second attempt is begun beside a first one that is slow. Any other call is tried again only where it
//! provably reached nobody. An answer that has begun is never thrown away for another one; one that is known to be a single
//! message has begun when its status is there, or more than 64 KiB of it.
//!
//! What is decided stands apart from how it is done: `policy` says what follows a failure, `attempts` how many there may be
//! over a tree of calls, `budget` how many a process can afford.

mod again;
mod attempts;
mod budget;
mod flight;
mod future;
mod layer;
mod methods;
mod policy;
mod replay;
mod settings;
mod target;
#[cfg(test)]
mod tests;

mod trail;
mod tries;

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tokio::time::Instant;
use tonic::body::Body;
use tower::Service;

pub use self::trail::{Attempted, End, Trail};
use self::{
    again::Again,
    attempts::{ATTEMPTS, Attempts},
    flight::Flight,
    future::ResponseFuture,
    layer::Shared,
    methods::Method,
    policy::Pushback,
    tries::Kind,
};
pub(crate) use self::{
    attempts::attempts,
    budget::{Allowance, Budget},
    layer::RetryLayer,
    methods::Methods,
    policy::Failure,
    settings::Settings,
    target::{Attempt, Begin, Fail, Look, Target},
};
use crate::{context::Scope, deadline::parse_timeout};

/// Makes the attempts of each call.
#[derive(Clone, Debug)]
pub(crate) struct Retry<T> {
    target: T,
    shared: Arc<Shared>,
}

impl<T: Target> Service<Request<Body>> for Retry<T> {
    type Response = Response<T::Body>;
    type Error = T::Error;
    type Future = ResponseFuture<T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), T::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture<T> {
        let settings = &self.shared.settings;
        let (own, given) = (settings.attempts, Scope::attempts());
        let mut attempts = Attempts::of(given, own);
        let share = attempts.begin().unwrap_or(1);
        self.shared.budget.earn();
        self.shared.count(Kind::First);
        let method = match own {
            // Nothing but what reached nobody is sent twice.
            1 => Method::default(),
            _ => settings.methods.of(request.uri().path()),
        };
        let timeout = parse_timeout(request.headers()).ok().flatten();
        let (mut request, kept) = replay::keep(request);
        // Who never tries again has no say in what others do.
        let says_share = own > 1 || given.is_some();
        if says_share {
            let headers = request.headers_mut();
            headers.insert(ATTEMPTS, attempts::share(share));
        }
        let look = match kept.is_some() {
            true => method.look(),
            false => Look::Nowhere,
        };
        let again = kept.map(|kept| Again {
            target: self.target.clone(),
            shared: self.shared.clone(),
            kept,
            method,
            attempts,
            says_share,
            deadline: timeout.map(|timeout| Instant::now() + timeout),
        });
        let attempt = self.target.attempt(request, Vec::new());
        ResponseFuture::new(Flight::new(attempt, share, false, look), again)
    }
}
