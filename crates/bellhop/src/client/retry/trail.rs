//! What a call has been through.

use std::{fmt, sync::Arc};

use crate::endpoint::Peer;

/// The attempts of a call that made more than one, in the order in which they ended.
#[derive(Clone, Debug, Default)]
pub struct Trail(Vec<Attempted>);

/// One attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempted {
    /// Whom it was sent to, `None` where that is not known.
    pub peer: Option<Arc<Peer>>,
    /// What came of it.
    pub end: End,
    /// Whether it was begun while another one was still waited for.
    pub hedge: bool,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum End {
    /// It is the answer.
    Answered,
    /// It failed, with a gRPC status or for another reason.
    Failed(String),
    /// Another one was faster.
    Overtaken,
}

impl Trail {
    /// The attempts, in the order in which they ended.
    pub fn attempts(&self) -> &[Attempted] {
        &self.0
    }

    pub(super) fn push(&mut self, peer: Option<Arc<Peer>>, end: End, hedge: bool) {
        self.0.push(Attempted { peer, end, hedge });
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("answered"),
            Self::Failed(reason) => f.write_str(reason),
            Self::Overtaken => f.write_str("another attempt was faster"),
        }
    }
}
