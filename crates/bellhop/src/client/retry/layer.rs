//! Adds [`Retry`].

use std::sync::Arc;

use tokio::time::Instant;

use super::{Methods, Retry, Settings, budget::Budget};

/// Adds [`Retry`]. Clones share their budget.
#[derive(Clone, Debug)]
pub(crate) struct RetryLayer {
    shared: Arc<Shared>,
}

/// What all calls of a channel share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) budget: Arc<Budget>,
}

impl RetryLayer {
    pub(crate) fn new(settings: Settings, now: Instant) -> Self {
        let budget = Arc::new(Budget::new(settings.allowance, now));
        Self {
            shared: Arc::new(Shared { settings, budget }),
        }
    }

    /// The same with more known of the methods.
    pub(crate) fn with_methods(&self, methods: Methods) -> Self {
        let settings = Settings {
            methods: Arc::new(methods),
            ..self.shared.settings.clone()
        };
        let budget = self.shared.budget.clone();
        Self {
            shared: Arc::new(Shared { settings, budget }),
        }
    }

    pub(crate) fn methods(&self) -> &Methods {
        &self.shared.settings.methods
    }
}

impl<T> tower::Layer<T> for RetryLayer {
    type Service = Retry<T>;

    fn layer(&self, target: T) -> Retry<T> {
        Retry {
            target,
            shared: self.shared.clone(),
        }
    }
}
