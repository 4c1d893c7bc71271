//! What can go wrong with a call.

use std::{error::Error as StdError, fmt, time::Duration};

use http::{Method, StatusCode};

/// How much of what Consul said an error repeats, in bytes.
const SAID_MAX: usize = 512;

/// The call that failed: its method and its path, without the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `GET` or `PUT`.
    pub method: Method,
    /// As in `/v1/health/service/geo`.
    pub path: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// A call of Consul that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The agent could not be reached, TLS included.
    #[error("{call}: cannot connect to {address}: {}", causes(.source.as_ref()))]
    Connect {
        /// The call.
        call: Call,
        /// Where the agent should be.
        address: String,
        /// Why not.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The connection broke before the answer was complete.
    #[error("{call}: the answer broke off: {}", causes(.source.as_ref()))]
    Broken {
        /// The call.
        call: Call,
        /// How.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No complete answer in time.
    #[error("{call}: no answer within {}", humantime::format_duration(*.after))]
    Timeout {
        /// The call.
        call: Call,
        /// How long the call waited.
        after: Duration,
    },
    /// Consul answered, but not with success.
    #[error("{call}: Consul answered {status}{}", quoted(.said))]
    Status {
        /// The call.
        call: Call,
        /// The HTTP status.
        status: StatusCode,
        /// The answer's text, cut off where it is long; may be empty.
        said: String,
    },
    /// Consul answered success with a body that is not what the call answers.
    #[error("{call}: the answer makes no sense{}: {reason}", at(.field))]
    Body {
        /// The call.
        call: Call,
        /// Where in the body, as in `[0].Service.Port`; empty for the body as a whole.
        field: String,
        /// What is wrong there.
        reason: String,
    },
    /// The answer is larger than this client reads.
    #[error("{call}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// The call.
        call: Call,
        /// The most that is read.
        limit: usize,
    },
}

impl Error {
    /// The call that failed.
    pub fn call(&self) -> &Call {
        match self {
            Self::Connect { call, .. }
            | Self::Broken { call, .. }
            | Self::Timeout { call, .. }
            | Self::Status { call, .. }
            | Self::Body { call, .. }
            | Self::TooLarge { call, .. } => call,
        }
    }

    /// Whether Consul said that what the call is about does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Status { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    /// Whether Consul answered that it will not tell.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Status { status, .. } if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(status))
    }

    /// Whether there was no answer at all.
    pub fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::Broken { .. } | Self::Timeout { .. }
        )
    }

    pub(crate) fn status(call: Call, status: StatusCode, body: &[u8]) -> Self {
        Self::Status {
            call,
            status,
            said: excerpt(body),
        }
    }
}

/// The beginning of a body on one line, whatever bytes it holds.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SAID_MAX)]);
    let mut line: String = text
        .trim()
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    if body.len() > SAID_MAX {
        line.push('…');
    }
    line
}

fn quoted(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

fn at(field: &str) -> String {
    if field.is_empty() {
        String::new()
    } else {
        format!(" at {field}")
    }
}

/// An error with all its causes: a client's outermost error says no more than "client error".
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            method: Method::PUT,
            path: "/v1/agent/service/register".to_owned(),
        }
    }

    #[test]
    fn a_status_names_the_call_and_repeats_what_consul_said() {
        let error = Error::status(call(), StatusCode::FORBIDDEN, b"Permission denied\n");
        assert_eq!(
            error.to_string(),
            "PUT /v1/agent/service/register: Consul answered 403 Forbidden: Permission denied"
        );
        assert!(!error.is_not_found());
    }

    #[test]
    fn what_consul_said_is_bounded_and_stays_on_one_line() {
        let long = "a\nb\u{7}".repeat(10_000);
        let text = Error::status(call(), StatusCode::BAD_GATEWAY, long.as_bytes()).to_string();
        assert!(text.len() < 2 * SAID_MAX, "{}", text.len());
        assert!(!text.contains(char::is_control), "{text}");
        assert!(text.ends_with('…'));
    }

    #[test]
    fn a_body_of_arbitrary_bytes_is_no_trouble() {
        let text = Error::status(call(), StatusCode::BAD_GATEWAY, &[0xff; 3]).to_string();
        assert!(text.contains("502"), "{text}");
    }
}
