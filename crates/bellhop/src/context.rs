//! What one call hands to the calls that it makes: its place in a trace, its baggage, its deadline, how often they may be tried,
//! and whether they are noted. Log lines find here what they are about.
//!
//! The server stack enters a [`Scope`] around each handler; channels read it. It follows the task: work that a handler
//! spawns starts without it, unless by [`spawn`] or wrapped in [`Scope::enter`]. What a member does of itself, for
//! no call, has a scope that names the member and nothing else.

mod voice;

use std::{future::Future, sync::Arc};

use opentelemetry::trace::SpanContext;
use tokio::{
    task::{JoinHandle, futures::TaskLocalFuture},
    time::Instant,
};

pub(crate) use self::voice::Voice;
pub use crate::explain::Explanation;
use crate::{explain::Collector, telemetry::Baggage};

tokio::task_local! {
    static CURRENT: Scope;
}

/// What a call hands down.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The span that encloses the work, the caller's where this process records none; invalid where there is no trace.
    pub span: SpanContext,
    /// What travels with the request, its id above all.
    pub baggage: Baggage,
    /// The member that works; `None` outside of any.
    pub member: Option<Arc<Who>>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Where calls are noted, for who asked to have the answer explained.
    pub explanation: Explanation,
    /// How many attempts each call below may make in all, as the caller says in `bellhop-attempts`; else the channels decide.
    /// They allow no more than they would without it.
    pub attempts: Option<u32>,
    /// The version that is to serve the calls below where they have it, as the caller says in `x-bellhop-version` and the settings
    /// allow.
    pub version: Option<Arc<str>>,
}

/// A member of the mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The service's name in the registry.
    pub service: String,
    /// The id of the instance in the registry.
    pub instance: String,
}

/// Spawns a part of the running call's work: what it calls goes on in the call's trace, keeps its deadline, and makes no more
/// attempts than the call may. [`tokio::spawn`] begins without all that.
///
/// Like any task it goes on when its call is given up, unless its handle is aborted by then. For other ways to spawn, such as
/// tokio's `JoinSet`, which aborts what it has spawned when it is dropped, wrap the work: `Scope::current().enter(work)`.
///
/// ```no_run
/// # use bellhop::Channel;
/// # use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
/// # async fn handle(channel: Channel) -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = HealthClient::new(channel);
/// let aside = bellhop::spawn(async move { client.check(HealthCheckRequest::default()).await });
/// // Something else meanwhile.
/// let answer = aside.await??;
/// # Ok(())
/// # }
/// ```
///
/// # Panics
/// Outside of a tokio runtime.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(Scope::current().enter(work))
}

impl Default for Scope {
    fn default() -> Self {
        Self {
            span: SpanContext::NONE,
            baggage: Baggage::default(),
            member: None,
            deadline: None,
            explanation: Explanation::default(),
            attempts: None,
            version: None,
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

    /// Runs `work` within this scope.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    /// Runs `read` with the running task's scope, an empty one outside of any.
    pub(crate) fn with<T>(read: impl FnOnce(&Self) -> T) -> T {
        let mut read = Some(read);
        let result = CURRENT.try_with(|scope| read.take().map(|read| read(scope)));
        match (result, read) {
            (Ok(Some(value)), _) => value,
            (_, Some(read)) => read(&Self::default()),
            (_, None) => unreachable!("who took the reader has read"),
        }
    }
}
