//! A call on its way through the stack.

use std::{net::SocketAddr, sync::Arc};

use http::Request;
use opentelemetry::trace::SpanContext;
use tokio::time::Instant;

use super::{ALIVE, READY, RequestBody};
use crate::{context::Explanation, telemetry::Baggage};

/// A call, and what the stack has found out about it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: Request<RequestBody>,
    /// When it came: one look at the clock for all who ask on its way.
    pub(super) at: Instant,
    /// The other end of the connection; nobody's where the caller is in this process.
    pub(super) peer: Option<SocketAddr>,
    /// The span that encloses it; invalid until it has one.
    pub(super) span: SpanContext,
    /// What travels with it; nothing until it has been read.
    pub(super) baggage: Baggage,
    /// Where the calls of its handler are noted; nowhere unless its caller asked for it.
    pub(super) explanation: Explanation,
    /// The version that is to serve it on all hops, where it may say that and does.
    pub(super) version: Option<Arc<str>>,
}

impl Call {
    pub(super) fn new(request: Request<RequestBody>, peer: Option<SocketAddr>) -> Self {
        Self {
            request,
            at: Instant::now(),
            peer,
            span: SpanContext::NONE,
            baggage: Baggage::default(),
            explanation: Explanation::default(),
            version: None,
        }
    }

    /// Whether the mesh itself asks, such as after health: that is nobody's call, and answered whatever else is.
    pub(super) fn is_question(&self) -> bool {
        let path = self.request.uri().path();
        path.starts_with("/grpc.") || matches!(path, ALIVE | READY)
    }
}
