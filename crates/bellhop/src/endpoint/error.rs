//! What goes wrong with an endpoint.

use std::{error::Error as StdError, io, sync::Arc, time::Duration};

use http::Request;

use super::{Peer, RequestBody};
use crate::{balance::Recover, http2::ConnectionError};

/// An instance that could not be connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Its name has no address.
    #[error("cannot resolve {host}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: io::Error,
    },
    /// TCP refused or failed.
    #[error("cannot connect to {address}")]
    Tcp {
        /// Host and port.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The other side does not answer HTTP/2.
    #[error("{address} does not answer HTTP/2")]
    Http2 {
        /// Host and port.
        address: String,
        /// What went wrong.
        source: ConnectionError,
    },
    /// Somebody else answers there.
    #[error(transparent)]
    Stranger(Box<Stranger>),
    /// No answer in time.
    #[error("{address} has not answered within {after:?}")]
    Timeout {
        /// Host and port.
        address: String,
        /// How long was waited.
        after: Duration,
    },
}

/// Somebody else at the address of an instance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {}, not {expected}", found.as_deref().unwrap_or("somebody else"))]
#[non_exhaustive]
pub struct Stranger {
    /// Host and port.
    pub address: String,
    /// The service whose instance is to be there.
    pub expected: String,
    /// The one that is, where it says so.
    pub found: Option<Box<str>>,
}

/// A call that an endpoint did not answer.
#[derive(Debug)]
pub(crate) struct CallError {
    pub(crate) peer: Arc<Peer>,
    pub(crate) source: ConnectionError,
    /// The request, where it never left.
    unsent: Option<Box<Request<RequestBody>>>,
}

impl CallError {
    pub(super) fn new(
        peer: Arc<Peer>,
        source: ConnectionError,
        unsent: Option<Request<RequestBody>>,
    ) -> Self {
        Self {
            peer,
            source,
            unsent: unsent.map(Box::new),
        }
    }

    /// Whether the instance is to blame: not for a call that never left, nor for leaving as it should.
    pub(super) fn is_failure(&self) -> bool {
        let is_leaving =
            |error: &h2::Error| error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
        let never_left = self.unsent.is_some() || matches!(self.source, ConnectionError::Closed(_));
        !never_left && !self.source.http2().is_some_and(is_leaving)
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the connection to {} failed", self.peer)
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.source)
    }
}

impl Recover<Request<RequestBody>> for CallError {
    fn recover(mut self) -> Result<Request<RequestBody>, Self> {
        match self.unsent.take() {
            Some(request) => Ok(*request),
            None => Err(self),
        }
    }
}
