//! All settings of a member.

use std::num::NonZeroUsize;

use crate::{
    admin, channelz, client,
    config::{PerChannel, Reader},
    consul, discovery, registration, server,
    shards::Shards,
    split::Carried,
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
    /// What is taken off requests, for calls on their behalf.
    pub(super) carried: Carried,
    pub(super) admin: admin::Settings,
    pub(super) channelz: channelz::Settings,
    /// Whether faults may be asked for.
    pub(super) faults: bool,
}

impl Settings {
    /// Reads `BELLHOP_SERVICE_PREFIX`, `BELLHOP_SHARDS`, `BELLHOP_EXPLAIN`, `BELLHOP_ALLOW_FAULTS`, and what the parts of the mesh read.
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
            explain: reader.switch("BELLHOP_EXPLAIN").unwrap_or(false),
            carried: Carried::read(reader),
            admin: admin::Settings::read(reader),
            channelz: channelz::Settings::read(reader),
            faults: reader.switch("BELLHOP_ALLOW_FAULTS").unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::config::defaults;

    /// The names in README.md: those in full, and those of which only the last part is written.
    fn documented() -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut whole, mut parts) = (BTreeSet::new(), BTreeSet::new());
        for row in include_str!("../../../../README.md").lines() {
            let names = row
                .strip_prefix("| `BELLHOP_")
                .and_then(|row| row.split(" | ").next());
            let Some((name, more)) = names.and_then(|names| names.split_once('`')) else {
                continue;
            };
            whole.insert(format!("BELLHOP_{name}"));
            let (stem, _) = name.rsplit_once('_').unwrap_or((name, ""));
            for part in more.split('`').filter(|part| part.starts_with('_')) {
                parts.insert(format!("BELLHOP_{name}{part}"));
                parts.insert(format!("BELLHOP_{stem}{part}"));
            }
        }
        (whole, parts)
    }

    #[test]
    fn every_setting_is_documented_and_always_read() {
        let nothing = BTreeMap::<String, String>::new();
        let mut reader = Reader::new(&nothing);
        Settings::read(&mut reader);
        let read = reader.asked();
        let (whole, parts) = documented();
        assert!(whole.len() > 40, "{whole:?}");
        for name in &whole {
            assert!(
                read.contains(name),
                "{name} is not read where nothing is set"
            );
        }
        for name in read.iter().filter(|name| name.starts_with("BELLHOP_")) {
            let known = whole.contains(name) || parts.contains(name) || name == "BELLHOP_CONFIG";
            assert!(known, "{name} is not in README.md");
        }
    }
    /// All settings, where these are set.
    fn shown(set: &[(&str, &str)]) -> String {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let source: BTreeMap<String, String> = set.iter().map(owned).collect();
        let mut reader = Reader::new(&source);
        let settings = Settings::read(&mut reader);
        reader.finish().unwrap();
        format!("{settings:?}")
    }

    #[test]
    fn the_list_of_defaults_says_what_holds() {
        let nothing = BTreeMap::<String, String>::new();
        let mut reader = Reader::new(&nothing);
        Settings::read(&mut reader);
        let unset = shown(&[]);
        for (name, value) in defaults() {
            // Some of the others are asked for only where they could matter.
            let asked = reader.asked().contains(name) || !name.starts_with("BELLHOP_");
            assert!(asked, "nobody asks for {name}");
            assert_eq!(shown(&[(name, value)]), unset, "{name}={value}");
        }
    }
}
