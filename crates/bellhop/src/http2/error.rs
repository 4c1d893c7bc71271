//! What goes wrong with a connection.

use http::Request;

use crate::endpoint::RequestBody;

/// How a connection failed, or a call over it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// HTTP/2 failed: the connection, or one stream of it.
    #[error("http2 error")]
    Http2(#[source] Box<h2::Error>),
    /// The connection took no more calls when this one came.
    #[error("the connection takes no more calls")]
    Closed(#[source] Box<h2::Error>),
    /// A ping stayed without an answer.
    #[error("nothing was heard for too long")]
    Silent,
}

/// A call that did not come to an answer, with the request where it never left.
pub(crate) struct Unsent {
    pub(crate) error: ConnectionError,
    pub(crate) request: Option<Request<RequestBody>>,
}

impl ConnectionError {
    /// What HTTP/2 says, of a call that may have left.
    pub(crate) fn http2(&self) -> Option<&h2::Error> {
        match self {
            Self::Http2(error) => Some(error),
            Self::Closed(_) | Self::Silent => None,
        }
    }
}

impl From<h2::Error> for ConnectionError {
    fn from(error: h2::Error) -> Self {
        Self::Http2(Box::new(error))
    }
}

impl From<ConnectionError> for Unsent {
    fn from(error: ConnectionError) -> Self {
        Self {
            error,
            request: None,
        }
    }
}
