//! What one call hands to the calls that it makes: its place in a trace and its deadline.
//!
//! The server stack enters a [`Scope`] around each handler; channels read it. It follows the task: work that a handler
//! spawns starts without it, unless wrapped in [`Scope::enter`].

use std::future::Future;

use opentelemetry::trace::SpanContext;
use tokio::time::Instant;

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
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            span: SpanContext::NONE,
            deadline: None,
        }
    }
}

impl Scope {
    /// The scope of the running task, an empty one outside of any.
    pub fn current() -> Self {
        CURRENT.try_with(Self::clone).unwrap_or_default()
    }

    /// Runs a future within this scope.
    pub fn enter<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}
