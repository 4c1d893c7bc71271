//! Load shedding: a call that would only make others late is refused at once, before any handler sees it.
//!
//! [`Limit`] says how many calls may be in flight, by how long calls take and how long the runtime takes to come round. Who
//! is refused is told at once, and told that it is safe to ask another instance. There is no queue before the limit: those who
//! were let in stand in one, that of [`Turns`], and the limit keeps it short.

mod floor;
mod future;
mod lag;
mod layer;
mod limit;
mod settings;
mod turns;
mod window;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::Response;
use tokio::time::Instant;
use tower::Service;

pub(crate) use self::layer::Shedding;
pub(crate) use self::settings::Settings;
pub(super) use self::{future::ResponseFuture, layer::ShedLayer};
use self::{
    lag::Lag,
    limit::Limit,
    turns::{Place, Turns},
};
use super::{incoming::Call, refusal::Overloaded};

/// Refuses calls that are too many.
#[derive(Clone, Debug)]
pub(super) struct Shed<S> {
    inner: S,
    // None where it is switched off.
    limits: Option<Limits>,
}

/// What bounds the calls of one worker: its own limit, by the lag of its runtime; and the one of the whole member, by how long
/// calls take. What calls wait for is the same for all workers, so that one alone cannot tell what its refusals change.
#[derive(Clone, Debug)]
struct Limits {
    own: Arc<Shared>,
    // None where calls wait for others, whose time says nothing of this process.
    common: Option<Arc<Shared>>,
    // None on a runtime of several threads.
    turns: Option<Arc<Turns>>,
}

#[derive(Debug)]
struct Shared {
    limit: Mutex<Limit>,
    lag: Lag,
}

/// A call that was let in by all limits, until it is answered or given up.
#[derive(Debug)]
struct Admitted {
    own: Arc<Shared>,
    common: Option<Arc<Shared>>,
    since: Instant,
    /// When it was answered.
    answered: Option<Instant>,
}

impl Limits {
    fn admit(&self, now: Instant) -> Option<Admitted> {
        if self.own.lag.is_due(now) {
            let (own, turns) = (self.own.clone(), self.turns.clone());
            tokio::spawn(async move {
                let lag = own.lag.measure(turns.as_deref()).await;
                own.with(|limit| limit.lagged(lag));
            });
        }
        let common = || match &self.common {
            Some(common) => common.with(|limit| limit.admit(now, || Some(()))),
            None => Some(()),
        };
        self.own.with(|limit| limit.admit(now, common))?;
        Some(Admitted {
            own: self.own.clone(),
            common: self.common.clone(),
            since: now,
            answered: None,
        })
    }

    /// Where the call stands among the others. One that comes in memory is part of its caller's turn: who waited for one
    /// within one of the same thread would wait for ever, and its work is in the caller's round.
    fn place_of(&self, call: &Call) -> Option<Place> {
        let turns = self.turns.as_ref();
        let turns = turns.filter(|_| !call.request.body().is_beside());
        turns.cloned().map(Place::new)
    }
}

impl Admitted {
    /// It is answered, at this time, or now.
    fn answered(mut self, at: Option<Instant>) {
        self.answered = at.or_else(|| Some(Instant::now()));
    }
}

impl Shared {
    fn new(settings: Settings) -> Self {
        Self {
            limit: Mutex::new(Limit::new(settings)),
            lag: Lag::default(),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Limit) -> T) -> T {
        change(&mut self.limit.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let now = self.answered.unwrap_or_else(Instant::now);
        let took = now.saturating_duration_since(self.since);
        for shared in [&self.own].into_iter().chain(&self.common) {
            shared.with(|limit| limit.finish(now, took, self.answered.is_some()));
        }
    }
}

impl<S, B> Service<Call> for Shed<S>
where
    B: Overloaded,
    S: Service<Call, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let Some(limits) = self.limits.as_ref().filter(|_| !call.is_question()) else {
            return ResponseFuture::uncounted(self.inner.call(call));
        };
        match limits.admit(call.at) {
            Some(admitted) => {
                let place = limits.place_of(&call);
                ResponseFuture::passed(self.inner.call(call), admitted, place)
            }
            None => ResponseFuture::refused(B::overloaded(), call.request.into_body()),
        }
    }
}
