//! What one call hands to the calls that it makes: its place in a trace, its deadline, how often they may be tried, and whether
//! they are noted.
//!
//! The server stack enters a [`Scope`] around each handler; channels read it. It follows the task: work that a handler
//! spawns starts without it, unless wrapped in [`Scope::enter`].

use std::{future::Future, sync::Arc};

use opentelemetry::trace::SpanContext;
use tokio::{task::futures::TaskLocalFuture, time::Instant};

use crate::explain::Collector;
pub use crate::explain::Explanation;

tokio::task_local! {
    static CURRENT: Scope;
}

/// What a call hands down.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The span that encloses the work, the caller's where this process records none; invalid where there is no trace.
    pub span: SpanContext,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Where calls are noted, for who asked to have the answer explained.
    pub explanation: Explanation,
    /// How many attempts each call below may make in all, as the caller says in `bellhop-attempts`; else the channels decide.
    pub attempts: Option<u32>,
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            span: SpanContext::NONE,
            deadline: None,
            explanation: Explanation::default(),
            attempts: None,
        }
    }
}

impl Scope {
    /// The scope of the running task, an empty one outside of any.
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// The deadline of the running task's scope.
    pub fn deadline() -> Option<Instant> {
        CURRENT.try_with(|scope| scope.deadline).ok().flatten()
    }

    /// Where the running task's calls are noted, if anywhere.
    pub(crate) fn collector() -> Option<Arc<Collector>> {
        CURRENT
            .try_with(|scope| scope.explanation.0.clone())
            .ok()
            .flatten()
    }

    /// The attempts that the running task's scope allows.
    pub(crate) fn attempts() -> Option<u32> {
        CURRENT.try_with(|scope| scope.attempts).ok().flatten()
    }

    /// Runs a future within this scope.
    pub fn enter<F: Future>(self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self, future)
    }

    /// Runs `read` with the span of the running task's scope.
    pub(crate) fn with_span<T>(read: impl FnOnce(&SpanContext) -> T) -> T {
        let mut read = Some(read);
        let result = CURRENT.try_with(|scope| read.take().map(|read| read(&scope.span)));
        match (result, read) {
            (Ok(Some(value)), _) => value,
            (_, Some(read)) => read(&SpanContext::NONE),
            (_, None) => unreachable!("who took the reader has read"),
        }
    }
}
