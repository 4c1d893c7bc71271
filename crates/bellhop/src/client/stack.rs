//! The client stack, whole: what a call goes through on its way to an instance.

use std::{sync::Arc, time::Duration};

use tower::Layer;

use super::{
    balanced::Balanced,
    deadline::{Deadline, DeadlineLayer},
    explain::{Explain, ExplainLayer},
    retry::{Retry, RetryLayer},
    trace::{Trace, TraceLayer},
};
use crate::telemetry::Telemetry;

/// Outermost first: the span covers all that a caller waits for; an explanation tells of all that is below it; the deadline
/// bounds all attempts together, and the wait for an instance too; each attempt takes a turn of its own.
pub(super) type Stack = Trace<Explain<Deadline<Retry<Balanced>>>>;

/// Composes the stack over a service's instances.
pub(super) fn compose(
    instances: Balanced,
    timeout: Option<Duration>,
    retry: &RetryLayer,
    telemetry: Telemetry,
) -> Stack {
    let service = Arc::clone(instances.service());
    let explain = ExplainLayer(instances.called().clone());
    let stack = DeadlineLayer {
        service: service.clone(),
        timeout,
    }
    .layer(retry.layer(instances));
    let stack = explain.layer(stack);
    TraceLayer { service, telemetry }.layer(stack)
}
