//! Which names a filter may use, by kind of record.

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    Node,
    /// An instance as the agent shows it.
    Service,
    /// An instance as `/v1/catalog/service` shows it.
    CatalogService,
    /// An instance with its node and checks.
    HealthService,
    Check,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Text,
    Number,
    Flag,
    /// A list of texts.
    Texts,
    /// Any names, each with one such field.
    Map(&'static Field),
    Record(Fields),
    /// A list of records, of which one must fit.
    Records(Fields),
}

pub(super) type Fields = &'static [(&'static str, Field)];

use Field::{Flag, Map, Number, Record, Records, Text, Texts};

const WEIGHTS: Field = Record(&[("Passing", Number), ("Warning", Number)]);
const ADDRESS: Field = Record(&[("Address", Text), ("Port", Number)]);
const CONNECT: Field = Record(&[("Native", Flag)]);

const NODE: Fields = &[
    ("ID", Text),
    ("Node", Text),
    ("Address", Text),
    ("Datacenter", Text),
    ("TaggedAddresses", Map(&Text)),
    ("Meta", Map(&Text)),
];

const SERVICE: Fields = &[
    ("Kind", Text),
    ("ID", Text),
    ("Service", Text),
    ("Tags", Texts),
    ("Address", Text),
    ("TaggedAddresses", Map(&ADDRESS)),
    ("Meta", Map(&Text)),
    ("Port", Number),
    ("Weights", WEIGHTS),
    ("EnableTagOverride", Flag),
    ("Connect", CONNECT),
];

const CATALOG_SERVICE: Fields = &[
    ("ID", Text),
    ("Node", Text),
    ("Address", Text),
    ("Datacenter", Text),
    ("TaggedAddresses", Map(&Text)),
    ("NodeMeta", Map(&Text)),
    ("ServiceKind", Text),
    ("ServiceID", Text),
    ("ServiceName", Text),
    ("ServiceTags", Texts),
    ("ServiceAddress", Text),
    ("ServiceTaggedAddresses", Map(&ADDRESS)),
    ("ServiceWeights", WEIGHTS),
    ("ServiceMeta", Map(&Text)),
    ("ServicePort", Number),
    ("ServiceEnableTagOverride", Flag),
    ("ServiceConnect", CONNECT),
];

const CHECK: Fields = &[
    ("Node", Text),
    ("CheckID", Text),
    ("Name", Text),
    ("Status", Text),
    ("Notes", Text),
    ("Output", Text),
    ("ServiceID", Text),
    ("ServiceName", Text),
    ("ServiceTags", Texts),
    ("Type", Text),
];

const HEALTH_SERVICE: Fields = &[
    ("Node", Record(NODE)),
    ("Service", Record(SERVICE)),
    ("Checks", Records(CHECK)),
];

impl Schema {
    pub(super) fn fields(self) -> Fields {
        match self {
            Self::Node => NODE,
            Self::Service => SERVICE,
            Self::CatalogService => CATALOG_SERVICE,
            Self::HealthService => HEALTH_SERVICE,
            Self::Check => CHECK,
        }
    }
}
