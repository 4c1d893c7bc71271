//! What can be set.

use std::{sync::Arc, time::Duration};

use bellhop::{limit::ClientLimiter, outage::Outage, overview::Overview};

use crate::{Failures, MeshPage, Page};

/// How a [`Frontend`](crate::Frontend) answers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a request for hotels may take as a whole; after that it is answered 504.
    pub deadline: Duration,

    /// The trace that the running request belongs to, 32 hex digits, asked once per request and from within it.
    ///
    /// Where it knows none, `x-trace-id` continues the caller's `traceparent`, or else is made up.
    pub trace_id: fn() -> Option<String>,

    /// How often one client address may ask; `/healthz` and `/readyz` are for everybody at any time.
    pub limit: Option<ClientLimiter>,

    /// What the page shows besides what is part of the program.
    pub page: Page,

    /// Who may look at the mesh page.
    pub mesh_page: MeshPage,

    /// Whether faults of instances can be asked for on that page.
    pub allow_chaos: bool,

    /// What that page shows; a member of the mesh has its own.
    pub overview: Option<Overview>,

    /// Where degraded answers are counted, so that the log tells once of an outage.
    pub degraded: Arc<Outage>,

    /// Where requests are counted that fail, so that the log does not tell of each.
    pub failures: Failures,
}

impl Settings {
    /// The deadline where nothing else is set.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Self::DEFAULT_DEADLINE,
            trace_id: || None,
            limit: None,
            page: Page::default(),
            mesh_page: MeshPage::default(),
            allow_chaos: false,
            overview: None,
            degraded: Arc::default(),
            failures: Failures::default(),
        }
    }
}
