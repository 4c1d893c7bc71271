//! Settings in a TOML file.

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Table, Value};

use super::{Fault, Origin, Problem, Source, reader::PREFIX};

/// What names the file.
pub(super) const FILE: &str = "BELLHOP_CONFIG";
const CHANNEL: &str = "channel";

/// A file of settings: `timeout = "2s"` is `BELLHOP_TIMEOUT`, and in a table `[channel.rate]` it is
/// `BELLHOP_CHANNEL_RATE_TIMEOUT`, which holds for calls to `rate` alone. A list is what the environment separates by commas.
#[derive(Clone, Debug)]
pub struct File {
    name: String,
    settings: BTreeMap<String, Setting>,
}

#[derive(Clone, Debug)]
struct Setting {
    /// As in the file.
    key: String,
    value: String,
}

impl File {
    /// Reads the file that `BELLHOP_CONFIG` names, and tells all that is wrong with it; `None` where it names none, or what
    /// cannot be read as TOML.
    pub fn named_by(source: &dyn Source) -> (Option<Self>, Vec<Fault>) {
        let Some(path) = source.get(FILE).filter(|path| !path.trim().is_empty()) else {
            return (None, Vec::new());
        };
        let text = fs::read_to_string(path.trim())
            .map_err(|error| format!("a file that can be read: {error}"));
        let table = text.and_then(|text| {
            let table: Result<Table, _> = text.parse();
            table.map_err(|error| format!("a file of TOML: {}", said(&error, &text)))
        });
        let name = Path::new(path.trim()).file_name();
        let name = name.map_or(path.clone(), |name| name.to_string_lossy().into_owned());
        match table {
            Ok(table) => {
                let (file, faults) = Self::from_table(name, &table);
                (Some(file), faults)
            }
            Err(expected) => {
                let fault = Fault {
                    name: source.label(FILE),
                    value: path,
                    problem: Problem::Expected(expected),
                };
                (None, vec![fault])
            }
        }
    }

    fn from_table(name: String, table: &Table) -> (Self, Vec<Fault>) {
        let mut file = Self {
            name,
            settings: BTreeMap::new(),
        };
        let mut faults = Vec::new();
        for (key, value) in table {
            match value {
                Value::Table(channels) if key == CHANNEL => {
                    file.channels(channels, &mut faults);
                }
                value => match variable(PREFIX, key) {
                    name if name == FILE => faults.push(Fault {
                        problem: Problem::Unknown { meant: None },
                        ..file.fault(key, value, "")
                    }),
                    name => file.insert(key.clone(), name, value, &mut faults),
                },
            }
        }
        (file, faults)
    }

    fn channels(&mut self, channels: &Table, faults: &mut Vec<Fault>) {
        for (service, settings) in channels {
            let Value::Table(settings) = settings else {
                let key = format!("{CHANNEL}.{service}");
                faults.push(self.fault(&key, settings, "a table of settings"));
                continue;
            };
            let prefix = format!("{}_", variable("BELLHOP_CHANNEL_", service));
            for (key, value) in settings {
                let name = variable(&prefix, key);
                self.insert(format!("{CHANNEL}.{service}.{key}"), name, value, faults);
            }
        }
    }

    fn insert(&mut self, key: String, name: String, value: &Value, faults: &mut Vec<Fault>) {
        match text(value) {
            Some(value) => {
                self.settings.insert(name, Setting { key, value });
            }
            None => {
                faults.push(self.fault(&key, value, "a text, a number, true, false, or a list"))
            }
        }
    }

    fn fault(&self, key: &str, value: &Value, expected: &str) -> Fault {
        Fault {
            name: format!("{key} in {}", self.name),
            value: format!("({})", value.type_str()),
            problem: Problem::Expected(expected.to_owned()),
        }
    }
}

impl Source for File {
    fn get(&self, name: &str) -> Option<String> {
        self.settings.get(name).map(|setting| setting.value.clone())
    }

    fn names(&self) -> Vec<String> {
        self.settings.keys().cloned().collect()
    }

    fn label(&self, name: &str) -> String {
        match self.settings.get(name) {
            Some(setting) => format!("{} in {}", setting.key, self.name),
            None => name.to_owned(),
        }
    }

    fn origin(&self, name: &str) -> Origin {
        Origin::File(self.label(name))
    }
}

/// The name that a key of the file has in the environment.
pub(super) fn variable(prefix: &str, key: &str) -> String {
    let key = key.to_ascii_uppercase().replace(['-', '.'], "_");
    format!("{prefix}{key}")
}

/// A value as the environment would have it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(text).collect();
            items.map(|items| items.join(","))
        }
        Value::Table(_) | Value::Datetime(_) => None,
    }
}

/// What is wrong and where, in one line, without the piece of the file that TOML's errors show.
fn said(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().replace('\n', " ");
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("{message}, in line {}", before.lines().count().max(1)),
        None => message,
    }
}
