//! What was asked for while settings were read, and what was found.

use std::{collections::BTreeMap, fmt};

use serde::{Serialize, Serializer};

use super::defaults::default_of;

/// What stands for a value that nobody may see.
const MASK: &str = "***";

/// Words in the names of settings whose values are nobody's business.
const SECRET: [&str; 6] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "AUTH",
    "HEADERS",
    "CREDENTIAL",
];

/// A setting that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Setting {
    /// Its name in the environment.
    pub name: String,
    /// What holds; masked where it is a secret, `None` where nothing is set and no one word says what holds then.
    pub value: Option<String>,
    /// Where that comes from.
    pub source: Origin,
}

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// It is set nowhere.
    Default,
    /// The environment of the process.
    Environment,
    /// A file, and the key in it.
    File(String),
    /// The command line.
    CommandLine,
    /// The program itself.
    Program,
}

/// All settings that were asked for, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(BTreeMap<String, Setting>);

impl Setting {
    /// A setting that a program has read by itself. A secret is masked, and so is what an address says beside where it is.
    #[must_use]
    pub fn new(name: &str, value: Option<&str>, source: Origin) -> Self {
        Self {
            name: name.to_owned(),
            value: value.map(|value| shown(name, value)),
            source,
        }
    }
}

impl Record {
    /// Adds settings that are known from elsewhere.
    pub(super) fn extend(&mut self, settings: impl IntoIterator<Item = Setting>) {
        let settings = settings.into_iter();
        self.0
            .extend(settings.map(|setting| (setting.name.clone(), setting)));
    }

    /// Notes what was found under a name.
    pub(super) fn note(&mut self, name: &str, found: Option<(&str, Origin)>) {
        let (value, source) = match found {
            Some((value, source)) => (Some(shown(name, value)), source),
            None => (default_of(name).map(str::to_owned), Origin::Default),
        };
        let setting = Setting {
            name: name.to_owned(),
            value,
            source,
        };
        self.0.insert(name.to_owned(), setting);
    }

    pub(super) fn settings(&self) -> Vec<Setting> {
        self.0.values().cloned().collect()
    }
}

/// What ends the names of settings that are addresses, with or without a scheme.
const ADDRESS: [&str; 2] = ["_ADDR", "_ENDPOINT"];

/// A value as it may be shown.
pub(super) fn shown(name: &str, value: &str) -> String {
    let name = name.to_ascii_uppercase();
    let is_secret = SECRET.iter().any(|word| name.contains(word)) && !name.ends_with("_FILE");
    if is_secret {
        return MASK.to_owned();
    }
    match value.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", without_credentials(rest)),
        None if ADDRESS.iter().any(|end| name.ends_with(end)) => without_credentials(value),
        None => value.to_owned(),
    }
}

/// What follows the scheme of an address, without the name and the password that may stand before its host, and without its query.
/// A password may have any sign in it, also one that ends a host.
fn without_credentials(rest: &str) -> String {
    let (user, rest) = match rest.rsplit_once('@') {
        Some((_, rest)) => (format!("{MASK}@"), rest),
        None => (String::new(), rest),
    };
    match rest.find(['?', '#']) {
        Some(end) => format!("{user}{}{MASK}", &rest[..=end]),
        None => format!("{user}{rest}"),
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment => f.write_str("environment"),
            Self::File(key) => write!(f, "file: {key}"),
            Self::CommandLine => f.write_str("command line"),
            Self::Program => f.write_str("program"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for name in [
            "CONSUL_HTTP_TOKEN",
            "CONSUL_HTTP_AUTH",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "X_CLIENT_SECRET",
            "X_PASSWORD",
        ] {
            assert_eq!(shown(name, "hunter2"), MASK, "{name}");
        }
        assert_eq!(shown("CONSUL_HTTP_TOKEN_FILE", "/run/token"), "/run/token");
        assert_eq!(shown("BELLHOP_TIMEOUT", "2s"), "2s");
    }

    #[test]
    fn so_are_a_user_and_a_query_of_an_address() {
        let address = |value| shown("CONSUL_HTTP_ADDR", value);
        assert_eq!(address("https://ann:pw@c:1/x"), "https://***@c:1/x");
        assert_eq!(address("http://ann:p@w@c"), "http://***@c");
        assert_eq!(address("http://ann:p/w?@c:1"), "http://***@c:1");
        assert_eq!(address("http://c:1/x?token=pw#pw"), "http://c:1/x?***");
        assert_eq!(address("http://c:1/x?mail=a@b"), "http://***@b");
        assert_eq!(address("ann:pw@c:1"), "***@c:1");
        assert_eq!(address("http://c:1/x"), "http://c:1/x");
        assert_eq!(address("c:1"), "c:1");
        let attributes = "owner=ann@example.org";
        assert_eq!(shown("OTEL_RESOURCE_ATTRIBUTES", attributes), attributes);
    }
}
