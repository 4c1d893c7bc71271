//! Adds [`Limit`].

use std::sync::Arc;

use tower::Layer;

use super::{Limit, Limits};

/// Adds [`Limit`]; `None` is a member that limits nobody. The workers of a member share their limits.
#[derive(Clone, Debug)]
pub(in crate::server) struct LimitLayer(pub(in crate::server) Option<Arc<Limits>>);

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit {
            inner,
            limits: self.0.clone(),
        }
    }
}
