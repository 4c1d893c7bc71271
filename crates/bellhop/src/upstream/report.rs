//! How a service stands, for whoever looks after a member.

use std::{sync::Arc, time::SystemTime};

use super::Cause;
use crate::consul;

/// How a service that is called stands, as this process sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// How many instances may be called.
    pub known: usize,
    /// How many of these the registry does not vouch for: it may have forgotten them in an outage, or finds them critical
    /// along with most others. They stay while they answer.
    pub kept: usize,
    /// How many are connected, in the shard that has most.
    pub connected: usize,
    /// How many of the connected have failed so much that their breakers are open.
    pub open: usize,
    /// How many of these stay in turn all the same, for too many are: where there is one, this is a panic.
    pub exempt: usize,
    /// Why the registry does not answer, where it does not.
    pub registry: Option<Arc<consul::Error>>,
    /// When the set was written down, where it is the one of an earlier process.
    pub remembered: Option<SystemTime>,
    /// Whether so many instances are critical that health checks are not followed.
    pub panic: bool,
    /// Why nobody is known, where nobody is.
    pub empty: Option<Cause>,
}
