//! Adds [`Observe`].

use std::{marker::PhantomData, sync::Arc};

use tower::Layer;

use super::{Observe, Observer, Protocol};

/// Adds [`Observe`] for calls of one protocol.
#[derive(Debug)]
pub(in crate::server) struct ObserveLayer<P: Protocol> {
    observer: Arc<Observer<P::Counter>>,
    protocol: PhantomData<fn() -> P>,
}

impl<P: Protocol> ObserveLayer<P> {
    pub(in crate::server) fn new(observer: Observer<P::Counter>) -> Self {
        Self {
            observer: Arc::new(observer),
            protocol: PhantomData,
        }
    }
}

impl<S, P: Protocol> Layer<S> for ObserveLayer<P> {
    type Service = Observe<S, P>;

    fn layer(&self, inner: S) -> Observe<S, P> {
        Observe {
            inner,
            observer: self.observer.clone(),
            protocol: PhantomData,
        }
    }
}
