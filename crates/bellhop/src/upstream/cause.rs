//! Why nobody can be called.

use std::{error::Error as StdError, fmt, sync::Arc};

use crate::{consul, discovery::InstanceId, endpoint::ConnectError};

/// Why a service has nobody to call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The registry has never named an instance of it.
    NeverSeen {
        /// Why the registry does not answer, where it does not.
        registry: Option<Arc<consul::Error>>,
    },
    /// Instances were registered once; now there are none.
    Deregistered,
    /// Instances are registered, none of them is passing.
    NotPassing {
        /// How many are registered.
        registered: usize,
    },
    /// Instances are passing, none of them can be connected.
    NotConnected {
        /// How many are passing.
        passing: usize,
        /// The last failure of one of them.
        failure: Option<(InstanceId, Arc<ConnectError>)>,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSeen { registry: None } => f.write_str("no instance was ever registered"),
            Self::NeverSeen {
                registry: Some(error),
            } => {
                f.write_str("no instance was ever seen, the registry does not answer: ")?;
                chain(f, error)
            }
            Self::Deregistered => f.write_str("all instances have deregistered"),
            Self::NotPassing { registered } => {
                write!(
                    f,
                    "none of the {registered} registered instances is passing"
                )
            }
            Self::NotConnected { passing, failure } => {
                write!(
                    f,
                    "none of the {passing} passing instances can be connected"
                )?;
                let Some((id, error)) = failure else {
                    return Ok(());
                };
                write!(f, ", {id}: ")?;
                chain(f, error)
            }
        }
    }
}

/// An error and what caused it, in one line.
fn chain(f: &mut fmt::Formatter<'_>, error: &(impl StdError + 'static)) -> fmt::Result {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = error.source();
    }
    f.write_str(&text)
}
