//! Whom a request is for.

use std::time::Duration;

use http::HeaderName;

/// Whom a request is for, where traffic is split by version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Want {
    /// Whoever's turn it is.
    #[default]
    Next,
    /// The version that has this turn: it was taken.
    Taken(usize),
    /// The version that this value is for.
    Key(u64),
    /// The version of this name, where somebody of it can serve.
    Version(Box<str>),
}

/// What a request says of how it is to be served.
pub(crate) struct Says<Request> {
    /// How long it may wait for a member, where that is less than the patience of all.
    pub(crate) limit: fn(&Request) -> Option<Duration>,
    /// Whom it is for; traffic may be sticky by a header.
    pub(crate) want: fn(&Request, Option<&HeaderName>) -> Want,
}

impl<Request> Says<Request> {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self {
        limit: |_| None,
        want: |_, _| Want::Next,
    };
}

impl<Request> Clone for Says<Request> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Request> Copy for Says<Request> {}
