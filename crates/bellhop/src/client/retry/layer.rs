//! Adds [`Retry`].

use std::sync::Arc;

use super::{
    Methods, Retry, Settings,
    budget::{Budget, Earner},
    tries::{Kind, Tries},
};
use crate::telemetry::Metrics;

/// Adds [`Retry`].
#[derive(Clone, Debug)]
pub(crate) struct RetryLayer {
    shared: Arc<Shared>,
}

/// What all calls of a channel share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) budget: Arc<Earner>,
    /// Where attempts are counted, if anywhere.
    tries: Option<Arc<Tries>>,
}

impl Shared {
    /// Counts an attempt.
    pub(super) fn count(&self, kind: Kind) {
        if let Some(tries) = &self.tries {
            tries.count(kind);
        }
    }
}

impl RetryLayer {
    /// What it adds and takes is that of a budget, whoever else does.
    pub(crate) fn new(settings: Settings, budget: Arc<Budget>) -> Self {
        let budget = Arc::new(Earner::new(budget));
        Self {
            shared: Arc::new(Shared {
                settings,
                budget,
                tries: None,
            }),
        }
    }

    /// The same, whose attempts to reach a service are counted.
    pub(crate) fn counted(self, service: &Arc<str>, metrics: &Metrics) -> Self {
        let Shared {
            settings, budget, ..
        } = &*self.shared;
        let (settings, budget) = (settings.clone(), budget.clone());
        let tries = metrics.recorder(|| Tries::new(service.clone()));
        Self {
            shared: Arc::new(Shared {
                settings,
                budget,
                tries,
            }),
        }
    }

    /// The same with more known of the methods.
    pub(crate) fn with_methods(&self, methods: Methods) -> Self {
        let settings = Settings {
            methods: Arc::new(methods),
            ..self.shared.settings.clone()
        };
        Self {
            shared: Arc::new(Shared {
                settings,
                budget: self.shared.budget.clone(),
                tries: self.shared.tries.clone(),
            }),
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
