//! Adds [`Limit`].

use std::{sync::Arc, time::Duration};

use tower::Layer;

use super::Limit;
use crate::limit::Turns;

/// Adds [`Limit`].
#[derive(Clone, Debug)]
pub(in crate::client) struct LimitLayer {
    pub(in crate::client) service: Arc<str>,
    /// Whose turn it is.
    pub(in crate::client) turns: Arc<Turns>,
    /// How long a call waits for its turn, if its own time allows.
    pub(in crate::client) patience: Duration,
}

impl LimitLayer {
    /// The service behind the limit, where there is one.
    pub(in crate::client) fn around<S>(limit: Option<Self>, inner: S) -> Limit<S> {
        match limit {
            Some(limit) => limit.layer(inner),
            None => Limit { inner, limit: None },
        }
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit {
            inner,
            limit: Some(Arc::new(self.clone())),
        }
    }
}
