//! What a member serves, for those who look inside.

use std::{net::SocketAddr, time::SystemTime};

use super::Mesh;
use crate::{
    server::Ends,
    telemetry::metrics::{CallCounts, SERVER_CALLS},
};

/// What a member serves.
#[derive(Debug)]
pub(crate) struct Served {
    /// Where it listens, once it does.
    pub(crate) bound: Option<SocketAddr>,
    /// The connections to it, by number.
    pub(crate) sockets: Vec<(u64, Ends)>,
    /// Calls so far.
    pub(crate) begun: u64,
    /// When the last one began.
    pub(crate) last: Option<SystemTime>,
    /// Those that are over, as far as they are measured.
    pub(crate) ended: CallCounts,
}

impl Mesh {
    /// What this member serves.
    pub(crate) fn served(&self) -> Served {
        let life = self.life();
        Served {
            bound: life.bound,
            sockets: life.sockets.all(),
            begun: life.activity.begun(),
            last: life.activity.last(),
            ended: self.metrics().snapshot().calls(&SERVER_CALLS),
        }
    }
}
