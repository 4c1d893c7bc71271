//! Whose log lines those are that are about no call.

use std::{future::Future, sync::Arc};

use tokio::task::futures::TaskLocalFuture;

use super::{Scope, Who};

/// The member that speaks, for what it does of itself: following its upstreams, keeping its registration, accepting.
///
/// What is made within a member's scope takes its voice along to wherever it works, since tasks that are spawned begin
/// without a scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Voice(Option<Arc<Who>>);

impl Voice {
    /// That of a member.
    pub(crate) fn of(who: Arc<Who>) -> Self {
        Self(Some(who))
    }

    /// That of the running task.
    pub(crate) fn current() -> Self {
        Scope::with(|scope| Self(scope.member.clone()))
    }

    /// Says something. Within a call of the member it is about that call.
    pub(crate) fn say<T>(&self, line: impl FnOnce() -> T) -> T {
        match Scope::with(|scope| scope.member.is_some()) {
            true => line(),
            false => self.run(line),
        }
    }

    /// Does some work whose lines are the member's, and about no call.
    pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        self.scope().run(work)
    }

    /// The same for a future.
    pub(crate) fn carry<F: Future>(&self, work: F) -> TaskLocalFuture<Scope, F> {
        self.scope().enter(work)
    }

    fn scope(&self) -> Scope {
        Scope {
            member: self.0.clone(),
            ..Scope::default()
        }
    }
}
