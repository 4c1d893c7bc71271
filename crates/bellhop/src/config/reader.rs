//! Reads settings and remembers every bad one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt, mem,
    str::FromStr,
    time::Duration,
};

use super::{ConfigError, Fault, Setting, Source, file::variable, record::Record};

/// What begins the names of the mesh's own settings.
const PREFIX: &str = "BELLHOP_";
/// What begins the names of settings for the calls to one service.
const CHANNEL: &str = "BELLHOP_CHANNEL_";
/// What switches a mechanism off.
const OFF: &str = "off";

/// Reads settings and remembers every fault.
pub struct Reader<'a> {
    source: &'a dyn Source,
    faults: Vec<Fault>,
    /// The channel whose settings are read, as it stands in their names.
    channel: Option<String>,
    asked: RefCell<BTreeSet<String>>,
    record: RefCell<Record>,
}

/// Settings that may be others for calls to some services.
#[derive(Clone, Debug)]
pub(crate) struct PerChannel<T> {
    all: T,
    /// By the service, as it stands in the names of settings.
    own: BTreeMap<String, T>,
}

impl<T> PerChannel<T> {
    /// The settings for calls to a service.
    pub(crate) fn of(&self, service: &str) -> &T {
        self.own.get(&variable("", service)).unwrap_or(&self.all)
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Reads from `source`.
    pub fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            faults: Vec::new(),
            channel: None,
            asked: RefCell::default(),
            record: RefCell::default(),
        }
    }

    /// Reads settings once for all channels, and once more for each that has some of its own: where `BELLHOP_TIMEOUT` is asked
    /// for, `BELLHOP_CHANNEL_RATE_TIMEOUT` wins for calls to `rate`.
    pub(crate) fn per_channel<T>(&mut self, read: impl Fn(&mut Self) -> T) -> PerChannel<T> {
        let before = mem::take(self.asked.get_mut());
        let all = read(self);
        let keys = self.asked.get_mut().clone();
        self.asked.get_mut().extend(before);

        let mut own = BTreeMap::new();
        for name in self.source.names() {
            let Some(rest) = name.strip_prefix(CHANNEL) else {
                continue;
            };
            match service_of(rest, &keys) {
                Some(service) if own.contains_key(service) => {}
                Some(service) => {
                    self.channel = Some(service.to_owned());
                    own.insert(service.to_owned(), read(self));
                    self.channel = None;
                }
                None => {
                    let value = self.source.get(&name).unwrap_or_default();
                    self.asked.get_mut().insert(name.clone());
                    self.reject(
                        &name,
                        &value,
                        "a setting of calls, such as BELLHOP_CHANNEL_RATE_TIMEOUT",
                    );
                }
            }
        }
        PerChannel { all, own }
    }

    /// Remembers what is wrong elsewhere.
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    /// Refuses what is set under `names` and was never asked for.
    pub(crate) fn expect_known(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            if !self.asked.get_mut().contains(&name) {
                let value = self.source.get(&name).unwrap_or_default();
                self.reject(&name, &value, "a setting that there is");
            }
        }
    }

    /// A text; an empty one counts as not set.
    pub fn text(&self, name: &str) -> Option<String> {
        let name = self.resolve(name);
        let value = self.source.get(&name);
        let value = value.map(|value| value.trim().to_owned());
        let value = value.filter(|value| !value.is_empty());
        let found = value.as_deref();
        let found = found.map(|value| (value, self.source.origin(&name)));
        self.record.borrow_mut().note(&name, found);
        value
    }

    /// All settings that were asked for so far, by name, with what was found; no secret is among it.
    pub fn settings(&self) -> Vec<Setting> {
        self.record.borrow().settings()
    }

    /// The name under which a setting is set: the channel's own where it has one.
    fn resolve(&self, name: &str) -> String {
        let mut asked = self.asked.borrow_mut();
        asked.insert(name.to_owned());
        let own = self.channel.as_ref().zip(name.strip_prefix(PREFIX));
        let own = own.map(|(channel, key)| format!("{CHANNEL}{channel}_{key}"));
        match own {
            Some(own) if self.source.get(&own).is_some() => {
                asked.insert(own.clone());
                own
            }
            _ => name.to_owned(),
        }
    }

    /// A value that `parse` understands.
    pub fn with<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.text(name)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.reject(name, &value, expected);
        }
        parsed
    }

    /// A value with a `FromStr` of its own.
    pub fn parse<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.with(name, expected, |value| value.parse().ok())
    }

    /// A duration above zero, as in `500ms`, `2s`, `1m 30s`.
    pub fn duration(&mut self, name: &str) -> Option<Duration> {
        self.with(
            name,
            "a duration above zero, such as 500ms, 2s or 1m",
            |value| {
                humantime::parse_duration(value)
                    .ok()
                    .filter(|duration| !duration.is_zero())
            },
        )
    }

    /// A duration as above, or `None` where it says `off`.
    pub fn duration_or_off(&mut self, name: &str, default: Duration) -> Option<Duration> {
        if self.is_off(name) {
            return None;
        }
        Some(self.duration(name).unwrap_or(default))
    }

    /// Whether a setting says `off`.
    pub fn is_off(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value.eq_ignore_ascii_case(OFF))
    }

    /// A yes or no, as Go's `strconv.ParseBool` and OpenTelemetry read it.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.with(name, "true or false", |value| {
            match value.to_ascii_lowercase().as_str() {
                "1" | "t" | "true" => Some(true),
                "0" | "f" | "false" => Some(false),
                _ => None,
            }
        })
    }

    /// Remembers a bad setting.
    pub fn reject(&mut self, name: &str, value: &str, expected: &str) {
        let fault = Fault {
            name: self.source.label(&self.resolve(name)),
            value: value.to_owned(),
            expected: expected.to_owned(),
        };
        // What holds for all channels is read again for those that have settings of their own.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Remembers a bad setting whose value nobody may see.
    pub fn reject_secret(&mut self, name: &str, expected: &str) {
        self.reject(name, "***", expected);
    }

    /// All faults at once.
    ///
    /// # Errors
    /// Where there was at least one.
    pub fn finish(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ConfigError {
                faults: self.faults,
            })
        }
    }
}

/// The service in what follows the prefix of a channel's setting, by the longest key that is one.
fn service_of<'n>(rest: &'n str, keys: &BTreeSet<String>) -> Option<&'n str> {
    let keys = keys.iter().filter_map(|key| key.strip_prefix(PREFIX));
    let services = keys.filter_map(|key| rest.strip_suffix(key)?.strip_suffix('_'));
    services
        .filter(|service| !service.is_empty())
        .min_by_key(|service| service.len())
}
