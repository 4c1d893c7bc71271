//! What a system consists of.

use std::collections::BTreeMap;

use tempfile::TempDir;

use crate::roles::HOTELS;

/// What a system consists of.
#[derive(Debug)]
pub(crate) struct Shape {
    instances: BTreeMap<&'static str, usize>,
    /// Services whose instances play another role than the program of Hotels.
    roles: BTreeMap<&'static str, &'static str>,
    /// Settings of services, over the usual ones.
    settings: BTreeMap<&'static str, Vec<(&'static str, String)>>,
    /// Where the registry keeps what it knows, if it does.
    pub(super) memory: Option<TempDir>,
}

impl Default for Shape {
    /// Three instances of each service, two frontends.
    fn default() -> Self {
        let instances = [
            ("geo", 3),
            ("rate", 3),
            ("profile", 3),
            ("search", 3),
            ("frontend", 2),
        ];
        Self {
            instances: instances.into(),
            roles: BTreeMap::new(),
            settings: BTreeMap::new(),
            memory: None,
        }
    }
}

impl Shape {
    /// Instances of one service alone.
    pub(crate) fn only(service: &'static str, instances: usize) -> Self {
        Self {
            instances: [(service, instances)].into(),
            ..Self::default()
        }
    }

    /// With so many instances of a service; none means that the case starts them itself.
    pub(crate) fn with(mut self, service: &'static str, instances: usize) -> Self {
        self.instances.insert(service, instances);
        self
    }

    /// With instances of a service that play a role; one of [`crate::roles`].
    pub(crate) fn playing(mut self, service: &'static str, role: &'static str) -> Self {
        self.roles.insert(service, role);
        self
    }

    /// With a setting for all instances of a service.
    pub(crate) fn setting(
        mut self,
        service: &'static str,
        name: &'static str,
        value: impl ToString,
    ) -> Self {
        let settings = self.settings.entry(service).or_default();
        settings.push((name, value.to_string()));
        self
    }

    /// With a registry that keeps what it knows when it is killed.
    pub(crate) fn with_memory(mut self) -> Self {
        self.memory = Some(TempDir::new().expect("a folder"));
        self
    }

    pub(super) fn instances(&self, service: &str) -> usize {
        self.instances.get(service).copied().unwrap_or_default()
    }

    pub(super) fn settings(&self, service: &str) -> &[(&'static str, String)] {
        self.settings.get(service).map_or(&[], Vec::as_slice)
    }

    pub(super) fn role(&self, service: &str) -> &'static str {
        self.roles.get(service).copied().unwrap_or(HOTELS)
    }
}
