//! Instances, and what a registry says of them.

use std::{collections::BTreeMap, fmt, sync::Arc, time::SystemTime};

use serde::Serialize;

use crate::consul::{Health, Sight};

/// The id that a registry gives to one instance of a service; unique within the service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(Arc<str>);

impl InstanceId {
    /// An id from its text.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One instance that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// A name or an address, without brackets.
    pub host: String,
    /// TCP.
    pub port: u16,
    /// Its share of the turns, at least 1.
    pub weight: u32,
    /// Its answers say who gives them, as those of Bellhop's members do: where they do not, somebody else gives them.
    pub signs: bool,
    /// Which version of the service it is, where it says so in the `version` of its metadata.
    pub version: Option<Arc<str>>,
}

/// What a registry says of an instance beside how to call it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct About {
    /// The node that it is registered at.
    pub node: String,
    /// In the order of the registration.
    pub tags: Vec<String>,
    /// Names and values.
    pub meta: BTreeMap<String, String>,
}

impl From<&Health> for About {
    fn from(health: &Health) -> Self {
        Self {
            node: health.node.name.clone(),
            tags: health.service.tags.clone(),
            meta: health.service.meta.clone(),
        }
    }
}

/// One change of the set of instances that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new instance, or a new address or weight of one that is known, or one that was kept and is vouched for again.
    Insert(InstanceId, Instance),
    /// The registry does not vouch for the instance, but it may be wrong: it may be called for as long as it answers.
    Keep(InstanceId, Instance),
    /// The registry finds the instance critical, which was not so before: it may be called where too few others answer.
    Spare(InstanceId, Instance),
    /// The registry finds the instance critical, and has never named it otherwise: it may be called where nobody else answers.
    Unproven(InstanceId, Instance),
    /// The instance is no longer to be called.
    Remove(InstanceId),
}

/// What a registry says of a service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An answer.
    Answer {
        /// What changed since the last answer, in the order of the ids; may be empty.
        changes: Vec<Change>,
        /// How many instances are registered, whatever their state.
        registered: usize,
    },
    /// No answer; what was known before stays in use.
    Unreachable {
        /// Why.
        error: Arc<crate::consul::Error>,
    },
    /// No answer at the start: what an earlier process knew is used.
    Remembered {
        /// Those that it knew.
        changes: Vec<Change>,
        /// When that was.
        saved: SystemTime,
    },
    /// Not the registry's word: a subset has more of those whom the registry has named, for none of its own can be reached, or
    /// no longer has them.
    Subset {
        /// Who they are.
        changes: Vec<Change>,
    },
    /// What else is to be known; told when it changes.
    Notes(Notes),
    /// Those that are registered and not to be called for being critical; told when they change.
    Critical(Vec<InstanceId>),
    /// What is said of all that are registered, for people; told when it changes.
    About(BTreeMap<InstanceId, About>),
}

/// What is to be known of a registry's answers besides the instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notes {
    /// Most instances are critical: those that passed before stay while they answer.
    pub panic: bool,
    /// Whether the registry may be hiding instances.
    pub sight: Sight,
    /// How many more there are that a subset leaves out.
    pub left_out: usize,
}
