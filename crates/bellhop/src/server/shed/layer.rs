//! Adds [`Shed`].

use std::sync::Arc;

use tower::Layer;

use super::{Limits, Settings, Shared, Shed, turns::Turns};

/// How a member sheds, for all of its workers.
#[derive(Clone, Debug)]
pub(crate) struct Shedding {
    settings: Settings,
    common: Option<Arc<Shared>>,
}

impl Shedding {
    /// Of a member that calls others, or does not.
    pub(crate) fn new(settings: Settings, calls_others: bool) -> Self {
        let common = (!calls_others).then(|| Arc::new(Shared::new(settings)));
        Self { settings, common }
    }
}

/// Adds [`Shed`]; `None` is a member that takes all calls.
#[derive(Clone, Debug)]
pub(in crate::server) struct ShedLayer(pub(in crate::server) Option<Shedding>);

impl<S> Layer<S> for ShedLayer {
    type Service = Shed<S>;

    fn layer(&self, inner: S) -> Shed<S> {
        let limits = self.0.as_ref().map(|shedding| Limits {
            own: Arc::new(Shared::new(shedding.settings.by_lag())),
            common: shedding.common.clone(),
            turns: Turns::of_runtime(),
        });
        Shed { inner, limits }
    }
}
