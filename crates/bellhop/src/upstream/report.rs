//! How a service stands, for whoever looks after a member.

use std::{sync::Arc, time::SystemTime};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{CallsReport, Cause, InstanceReport, SplitReport};
use crate::consul;

/// How a service that is called stands, as this process sees it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How many instances may be called: those that the registry vouches for, and others while they are connected.
    pub known: usize,
    /// How many of these it does not vouch for: it may have forgotten them in an outage, or finds them critical along with
    /// most others. They stay while they answer.
    pub kept: usize,
    /// How many more are connected and not called, for the registry finds them critical. Where too few others are, they are.
    pub spare: usize,
    /// How many are connected, in the shard that has most.
    pub connected: usize,
    /// How many of the connected have failed so much that their breakers are open.
    pub open: usize,
    /// How many of these stay in turn all the same, for too many are: where there is one, this is a panic.
    pub exempt: usize,
    /// Whether nobody has been connected for as long as a call waits, so that further calls wait for a tenth of that.
    pub fails_fast: bool,
    /// Why the registry does not answer, where it does not.
    #[serde(serialize_with = "shown")]
    pub registry: Option<Arc<consul::Error>>,
    /// When the set was written down, where it is the one of an earlier process.
    #[serde(serialize_with = "timestamp")]
    pub remembered: Option<SystemTime>,
    /// Whether so many instances are critical, or so few of the others connected, that health checks are not followed.
    pub panic: bool,
    /// How many more there are, which `BELLHOP_SUBSET` leaves to other callers.
    pub left_out: usize,
    /// Why nobody is known, where nobody is.
    pub empty: Option<Cause>,
}

/// The same with each of its instances.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct UpstreamReport {
    /// The service's name in the registry.
    pub service: String,
    /// How it stands as a whole.
    #[serde(flatten)]
    pub report: Report,
    /// How its traffic is split by version; `None` where it is not.
    pub split: Option<SplitReport>,
    /// The calls that it had from this process, those to instances that have gone too.
    pub calls: CallsReport,
    /// All that are known, by id.
    pub instances: Vec<InstanceReport>,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cause = serializer.serialize_struct("Cause", 2)?;
        cause.serialize_field("case", self.name())?;
        cause.serialize_field("text", &self.to_string())?;
        cause.end()
    }
}

fn shown<S: Serializer>(
    error: &Option<Arc<consul::Error>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.collect_str(error),
        None => serializer.serialize_none(),
    }
}

/// As RFC 3339 has it.
pub(super) fn timestamp<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&humantime::format_rfc3339_millis(*time)),
        None => serializer.serialize_none(),
    }
}
