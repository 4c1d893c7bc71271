//! What a program says of the settings that it may be given.

use std::collections::BTreeSet;

use super::{Setting, file::variable, record::Record};

/// What the tests of this project are told by the environment that they share with members.
const OF_TESTS: [&str; 2] = ["BELLHOP_FUZZ_", "BELLHOP_REQUIRE_CONSUL"];

/// What a program says of the settings that it may be given, so that a mistyped one is found.
///
/// Without that every name that begins with `BELLHOP_` has to be one of the mesh, and settings for calls may be for any service.
#[derive(Clone, Debug, Default)]
pub struct Known {
    own: BTreeSet<String>,
    /// As they stand in the names of settings.
    called: BTreeSet<String>,
    told: Record,
}

impl Known {
    /// The program reads this setting itself, whose name begins with `BELLHOP_`.
    #[must_use]
    pub fn setting(mut self, name: &str) -> Self {
        self.own.insert(name.to_owned());
        self
    }

    /// What the program has read by itself, so that `/config` shows it beside the settings of the mesh.
    #[must_use]
    pub fn telling(mut self, settings: impl IntoIterator<Item = Setting>) -> Self {
        self.told.extend(settings);
        self
    }

    /// What the program has read by itself.
    pub(super) fn told(&self) -> &Record {
        &self.told
    }

    /// The program may call this service. From the first one on, settings for calls to services that are not named are faults.
    #[must_use]
    pub fn called(mut self, service: &str) -> Self {
        self.called.insert(variable("", service));
        self
    }

    /// Whether a setting is for others than the mesh.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name) || OF_TESTS.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Whether a service may be called; as it stands in the names of settings.
    pub(super) fn is_called(&self, service: &str) -> bool {
        self.called.is_empty() || self.called.contains(service)
    }

    /// The services that may be called, where the program says so.
    pub(crate) fn services(&self) -> Option<&BTreeSet<String>> {
        (!self.called.is_empty()).then_some(&self.called)
    }
}
