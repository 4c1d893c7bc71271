//! Adds [`Shed`].

use std::sync::{Arc, Mutex};

use tower::Layer;

use super::{Lag, Limit, Settings, Shared, Shed};

/// Adds [`Shed`]; `None` is a member that takes all calls.
#[derive(Clone, Debug)]
pub(in crate::server) struct ShedLayer(pub(in crate::server) Option<Settings>);

impl<S> Layer<S> for ShedLayer {
    type Service = Shed<S>;

    fn layer(&self, inner: S) -> Shed<S> {
        let shared = |settings| Shared {
            limit: Mutex::new(Limit::new(settings)),
            lag: Lag::default(),
        };
        Shed {
            inner,
            shared: self.0.map(|settings| Arc::new(shared(settings))),
        }
    }
}
