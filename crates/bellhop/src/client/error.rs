//! Why a call has no answer, and what that is in gRPC.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use tonic::{Code, Status};

use super::retry::{Fail, Failure, Trail};
use crate::{
    deadline::Timer, endpoint::Peer, http2::ConnectionError, limit::set_retry_after,
    upstream::Cause,
};

/// Why a call has no answer.
///
/// A caller sees it as the source of the [`Status`] that the generated client returns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nobody to call.
    #[error("service {service} is unavailable: {cause} (waited {waited:?})")]
    Unavailable {
        /// The service's name.
        service: Arc<str>,
        /// Which case it is.
        cause: Cause,
        /// How long the call waited for somebody.
        waited: Duration,
    },
    /// The connection to the instance that was called failed.
    #[error("service {service}: the connection to {peer} failed: {reason}")]
    Connection {
        /// The service's name.
        service: Arc<str>,
        /// The instance.
        peer: Arc<Peer>,
        /// The failure and what caused it.
        reason: String,
        /// What HTTP/2 says.
        source: ConnectionError,
    },
    /// The call's time was over.
    #[error("service {service}: no answer within {after:?}")]
    DeadlineExceeded {
        /// The service's name.
        service: Arc<str>,
        /// How long the call had.
        after: Duration,
    },
    /// The service is called as often as this process may call it, and the call could not wait for its turn.
    #[error("service {service}: over the limit of calls, try again in {retry_after:?}")]
    RateLimited {
        /// The service's name.
        service: Arc<str>,
        /// How long until there may be a turn.
        retry_after: Duration,
    },
    /// The last of several attempts failed.
    #[error("{source} (after {attempts} attempts)")]
    Attempts {
        /// How many of them reached an instance.
        attempts: u32,
        /// What came of each.
        trail: Box<Trail>,
        /// The last failure.
        source: Box<Error>,
    },
}

impl Error {
    pub(super) fn connection(service: Arc<str>, peer: Arc<Peer>, source: ConnectionError) -> Self {
        let mut reason = source.to_string();
        let mut cause = source.source();
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        Self::Connection {
            service,
            peer,
            reason,
            source,
        }
    }

    pub(super) fn out_of_time(service: &Arc<str>, timer: &Timer) -> Self {
        Self::DeadlineExceeded {
            service: service.clone(),
            after: timer.after(),
        }
    }

    /// Why there was nobody to call, where that is it.
    pub(super) fn nobody(&self) -> Option<&Cause> {
        match self {
            Self::Unavailable { cause, .. } => Some(cause),
            Self::Attempts { source, .. } => source.nobody(),
            _ => None,
        }
    }

    pub(super) fn code(&self) -> Code {
        match self {
            Self::Unavailable { .. } => Code::Unavailable,
            Self::DeadlineExceeded { .. } => Code::DeadlineExceeded,
            Self::RateLimited { .. } => Code::ResourceExhausted,
            Self::Connection { source, .. } => connection_code(source),
            Self::Attempts { source, .. } => source.code(),
        }
    }
}

impl Fail for Error {
    fn code(&self) -> Code {
        Self::code(self)
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Unavailable { .. } => Failure::Nobody,
            Self::Connection { source, .. } if is_unprocessed(source) => Failure::Unprocessed,
            Self::Connection { .. } if self.code() == Code::Unavailable => Failure::Lost,
            _ => Failure::Final,
        }
    }

    fn peer(&self) -> Option<&Arc<Peer>> {
        match self {
            Self::Connection { peer, .. } => Some(peer),
            Self::Attempts { source, .. } => source.peer(),
            _ => None,
        }
    }

    fn after(self, attempts: u32, trail: Box<Trail>) -> Self {
        Self::Attempts {
            attempts,
            trail,
            source: Box::new(self),
        }
    }
}

/// Whether the other side has said that it did nothing: it refused the stream, or it left and named an earlier stream as its
/// last. h2 ends exactly the later streams with the `GOAWAY`; the others end with the connection.
fn is_unprocessed(error: &ConnectionError) -> bool {
    if matches!(error, ConnectionError::Closed(_)) {
        return true;
    }
    error.http2().is_some_and(|error| {
        let is_refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (is_refused || error.is_go_away())
    })
}

/// What gRPC over HTTP/2 makes of a reset stream; a connection that is lost is `UNAVAILABLE`.
fn connection_code(error: &ConnectionError) -> Code {
    let reset = error
        .http2()
        .filter(|error| error.is_reset())
        .and_then(h2::Error::reason);
    match reset {
        None | Some(h2::Reason::REFUSED_STREAM) => Code::Unavailable,
        Some(h2::Reason::CANCEL) => Code::Cancelled,
        Some(h2::Reason::ENHANCE_YOUR_CALM) => Code::ResourceExhausted,
        Some(h2::Reason::INADEQUATE_SECURITY) => Code::PermissionDenied,
        Some(_) => Code::Internal,
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let mut status = Self::new(error.code(), error.to_string());
        if let Error::RateLimited { retry_after, .. } = &error {
            set_retry_after(&mut status, *retry_after);
        }
        status.set_source(Arc::new(error));
        status
    }
}
