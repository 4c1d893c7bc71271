//! Why nobody can be called.

use std::{error::Error as StdError, fmt, sync::Arc};

use crate::{consul, discovery::InstanceId, endpoint::ConnectError, one_line::in_one_line};

/// Why a service has nobody to call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The registry has never named an instance of it.
    NeverSeen {
        /// Whether the registry may be hiding some is not known.
        unsure: bool,
    },
    /// Instances were registered once; now there are none.
    Deregistered {
        /// Whether the registry may be hiding some is not known.
        unsure: bool,
    },
    /// Instances are registered, none of them is passing.
    NotPassing {
        /// How many are registered.
        registered: usize,
    },
    /// The registry's ACLs do not let the token see the service.
    Hidden {
        /// What the registry said, where it refused to answer.
        said: Option<Arc<consul::Error>>,
    },
    /// The registry does not answer.
    Unreachable {
        /// Why not.
        error: Arc<consul::Error>,
        /// What the case was when it last answered.
        before: Option<Box<Cause>>,
    },
    /// Instances are passing, none of them can be connected.
    NotConnected {
        /// How many are passing.
        passing: usize,
        /// The last failure of one of them.
        failure: Option<(InstanceId, Arc<ConnectError>)>,
    },
}

impl Cause {
    /// The case in a word or two, as logs have it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NeverSeen { .. } => "never seen",
            Self::Deregistered { .. } => "all deregistered",
            Self::NotPassing { .. } => "all critical",
            Self::Hidden { .. } => "hidden by ACL",
            Self::Unreachable { .. } => "registry unreachable",
            Self::NotConnected { .. } => "not connected",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSeen { unsure } => {
                f.write_str("no instance was ever registered")?;
                doubt(f, *unsure)
            }
            Self::Deregistered { unsure } => {
                f.write_str("all instances have deregistered")?;
                doubt(f, *unsure)
            }
            Self::NotPassing { registered } => write!(
                f,
                "none of the {registered} registered instances is passing"
            ),
            Self::Hidden { said: None } => f.write_str(
                "the registry's ACLs hide it: the token may not read the service, or not the nodes that it runs on",
            ),
            Self::Hidden { said: Some(error) } => {
                f.write_str("the registry's ACLs hide it: ")?;
                chain(f, error)
            }
            Self::Unreachable { error, before } => {
                f.write_str("the registry does not answer: ")?;
                chain(f, error)?;
                match before {
                    Some(before) => write!(f, "; before that, {before}"),
                    None => f.write_str("; no instance was ever seen"),
                }
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

fn doubt(f: &mut fmt::Formatter<'_>, unsure: bool) -> fmt::Result {
    if unsure {
        f.write_str(", or the registry's ACLs hide them: it does not tell which")?;
    }
    Ok(())
}

fn chain(f: &mut fmt::Formatter<'_>, error: &(impl StdError + 'static)) -> fmt::Result {
    f.write_str(&in_one_line(error))
}
