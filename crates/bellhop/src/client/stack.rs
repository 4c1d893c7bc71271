//! The client stack, whole: what a call goes through on its way to an instance.

use std::{sync::Arc, time::Duration};

use tower::Layer;

use super::{
    balanced::Balanced,
    deadline::{Deadline, DeadlineLayer},
    explain::{Explain, ExplainLayer},
    limit::{Limit, LimitLayer},
    retry::{Retry, RetryLayer},
    trace::{Trace, TraceLayer},
};
use crate::telemetry::{Telemetry, metrics::Calls};

/// Outermost first: the span covers all that a caller waits for; an explanation tells of all that is below it; the deadline
/// bounds the wait for a turn, all attempts together, and the wait for an instance; attempts of one call take one turn of the
/// limit, and each a turn at the instances.
pub(super) type Stack = Trace<Explain<Deadline<Limit<Retry<Balanced>>>>>;

/// What stands above a service's instances.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    pub(super) telemetry: Telemetry,
    pub(super) calls: Option<Arc<Calls>>,
    pub(super) timeout: Option<Duration>,
    pub(super) limit: Option<LimitLayer>,
    pub(super) retry: RetryLayer,
}

/// Composes the stack over a service's instances.
pub(super) fn compose(instances: Balanced, layers: Layers) -> Stack {
    let Layers {
        telemetry,
        calls,
        timeout,
        limit,
        retry,
    } = layers;
    let service = Arc::clone(instances.service());
    let explain = ExplainLayer(instances.called().clone());
    let stack = DeadlineLayer {
        service: service.clone(),
        timeout,
    }
    .layer(LimitLayer::around(limit, retry.layer(instances)));
    let stack = explain.layer(stack);
    TraceLayer {
        service,
        telemetry,
        calls,
    }
    .layer(stack)
}
