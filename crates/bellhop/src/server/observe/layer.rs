//! Adds [`Observe`].

use std::{marker::PhantomData, sync::Arc};

use tower::Layer;

use super::{Observe, Observer};

/// Adds [`Observe`] for calls of one protocol.
#[derive(Clone, Debug)]
pub(in crate::server) struct ObserveLayer<P> {
    observer: Arc<Observer>,
    protocol: PhantomData<fn() -> P>,
}

impl<P> ObserveLayer<P> {
    pub(in crate::server) fn new(observer: Observer) -> Self {
        Self {
            observer: Arc::new(observer),
            protocol: PhantomData,
        }
    }
}

impl<S, P> Layer<S> for ObserveLayer<P> {
    type Service = Observe<S, P>;

    fn layer(&self, inner: S) -> Observe<S, P> {
        Observe {
            inner,
            observer: self.observer.clone(),
            protocol: PhantomData,
        }
    }
}
