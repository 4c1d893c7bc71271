//! All settings of a member.

use std::num::NonZeroUsize;

use crate::{
    admin, client,
    config::{PerChannel, Reader},
    consul, discovery, registration, server,
    shards::Shards,
    telemetry,
};

/// All settings of a member.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Stands before the names of all services in the registry.
    pub(super) prefix: String,
    pub(super) shards: NonZeroUsize,
    pub(super) consul: consul::Config,
    pub(super) discovery: discovery::Settings,
    pub(super) registration: registration::Settings,
    pub(super) telemetry: telemetry::Settings,
    pub(super) client: PerChannel<client::Settings>,
    pub(super) server: server::Settings,
    /// Whether callers who ask for it are told how their answer came about.
    pub(super) explain: bool,
    pub(super) admin: admin::Settings,
}

impl Settings {
    /// Reads `BELLHOP_SERVICE_PREFIX`, `BELLHOP_SHARDS`, `BELLHOP_EXPLAIN`, and what the parts of the mesh read.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            prefix: reader.text("BELLHOP_SERVICE_PREFIX").unwrap_or_default(),
            shards: reader
                .parse("BELLHOP_SHARDS", "a number of threads, at least 1")
                .unwrap_or_else(Shards::cores),
            consul: consul::Config::read(reader),
            discovery: discovery::Settings::read(reader),
            registration: registration::Settings::read(reader),
            telemetry: telemetry::Settings::read(reader),
            client: reader.per_channel(client::Settings::read),
            server: server::Settings::read(reader),
            explain: reader.flag("BELLHOP_EXPLAIN").unwrap_or(false),
            admin: admin::Settings::read(reader),
        }
    }
}
