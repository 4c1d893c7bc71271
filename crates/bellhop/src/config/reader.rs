//! Reads settings and remembers every bad one.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt, mem,
    str::FromStr,
    time::Duration,
};

use super::{
    ConfigError, Fault, Known, Problem, Setting, Source,
    file::{FILE, variable},
    kubernetes,
    meant::Choice,
    record::{Record, shown},
};

/// What begins the names of the mesh's own settings.
pub(super) const PREFIX: &str = "BELLHOP_";
/// What begins the names of settings for the calls to one service.
pub(super) const CHANNEL: &str = "BELLHOP_CHANNEL_";
/// What switches a mechanism on and off; the second of each is how TOML says it.
const ON: [&str; 2] = ["on", "true"];
const OFF: [&str; 2] = ["off", "false"];

/// Reads settings and remembers every fault.
pub struct Reader<'a> {
    source: &'a dyn Source,
    faults: Vec<Fault>,
    /// The channel whose settings are read, as it stands in their names.
    channel: Option<String>,
    asked: RefCell<BTreeSet<String>>,
    record: RefCell<Record>,
    /// Of the asked, those that a channel may have of its own.
    of_calls: BTreeSet<String>,
    known: Known,
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

    /// The services with settings of their own that are none of these.
    pub(crate) fn unused<'s>(&self, called: impl Iterator<Item = &'s str>) -> Vec<&str> {
        let called: BTreeSet<_> = called.map(|service| variable("", service)).collect();
        let services = self.own.keys().filter(|service| !called.contains(*service));
        services.map(String::as_str).collect()
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
        Self::knowing(source, Known::default())
    }

    /// The same where the program says what there may be.
    pub(crate) fn knowing(source: &'a dyn Source, known: Known) -> Self {
        Self {
            source,
            faults: Vec::new(),
            channel: None,
            record: RefCell::new(known.told().clone()),
            // What names the file is read before all others.
            asked: RefCell::new(BTreeSet::from([FILE.to_owned()])),
            of_calls: BTreeSet::new(),
            known,
        }
    }

    /// Reads settings once for all channels, and once more for each that has some of its own: where `BELLHOP_TIMEOUT` is asked
    /// for, `BELLHOP_CHANNEL_RATE_TIMEOUT` wins for calls to `rate`.
    pub(crate) fn per_channel<T>(&mut self, read: impl Fn(&mut Self) -> T) -> PerChannel<T> {
        let before = mem::take(self.asked.get_mut());
        let all = read(self);
        self.of_calls = self.asked.get_mut().clone();
        self.asked.get_mut().extend(before);

        let mut own = BTreeMap::new();
        for name in self.source.names() {
            let rest = name.strip_prefix(CHANNEL);
            if let Some(service) = rest.and_then(|rest| self.service_of(rest))
                && !own.contains_key(&service)
            {
                self.channel = Some(service.clone());
                own.insert(service, read(self));
                self.channel = None;
            }
        }
        PerChannel { all, own }
    }

    /// The service in what follows the prefix of a channel's setting, by the longest key that is one.
    fn service_of(&self, rest: &str) -> Option<String> {
        let keys = self.of_calls.iter();
        let keys = keys.filter_map(|key| key.strip_prefix(PREFIX));
        let services = keys.filter_map(|key| rest.strip_suffix(key)?.strip_suffix('_'));
        services
            .filter(|service| !service.is_empty() && self.known.is_called(service))
            .min_by_key(|service| service.len())
            .map(str::to_owned)
    }

    /// Remembers what is wrong elsewhere.
    pub(crate) fn add(&mut self, faults: Vec<Fault>) {
        self.faults.extend(faults);
    }

    /// Refuses what is set for the mesh and was never asked for.
    pub(crate) fn expect_known(&mut self) {
        let asked = self.asked.get_mut().clone();
        let names: BTreeSet<String> = self.source.names().into_iter().collect();
        for name in names.difference(&asked) {
            if !name.starts_with(PREFIX) || self.known.is_own(name) {
                continue;
            }
            let value = self.source.get(name).unwrap_or_default();
            if self.source.label(name) == *name && kubernetes::injects(name, value.trim()) {
                tracing::debug!(name, "no setting, but what Kubernetes says of a service");
                continue;
            }
            // An empty one counts as not set.
            if !value.trim().is_empty() {
                let problem = self.unknown(name, &asked);
                self.fault(name, value.trim(), problem);
            }
        }
    }

    fn unknown(&self, name: &str, settings: &BTreeSet<String>) -> Problem {
        let choice = Choice {
            settings,
            of_calls: &self.of_calls,
            known: &self.known,
        };
        let in_environment = self.source.label(name) == name;
        let meant = choice.nearest(name).map(|meant| match in_environment {
            true => meant.in_environment(),
            false => meant.in_file(),
        });
        match self.known.services() {
            _ if meant.is_some() || !name.starts_with(CHANNEL) => Problem::Unknown { meant },
            Some(called) => {
                let called: Vec<_> = called.iter().map(|name| name.to_lowercase()).collect();
                let called = called.join(", ");
                Problem::Expected(format!("a setting of calls to one of {called}"))
            }
            None => {
                let example = "a setting of calls, such as BELLHOP_CHANNEL_RATE_TIMEOUT";
                Problem::Expected(example.to_owned())
            }
        }
    }

    /// All names that were asked for.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
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
        self.or_off(name, Some(default), |reader| reader.duration(name))
    }

    /// What `read` makes of a setting, the default where there is none or where it says no more than `on`, and `None` where it
    /// says `off`.
    pub(crate) fn or_off<T>(
        &mut self,
        name: &str,
        default: Option<T>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.is_off(name) {
            return None;
        }
        if default.is_some() && self.says(name, ON) {
            return default;
        }
        read(self).or(default)
    }

    /// Whether a setting says `off`, or `false`.
    pub fn is_off(&self, name: &str) -> bool {
        self.says(name, OFF)
    }

    fn says(&self, name: &str, words: [&str; 2]) -> bool {
        self.text(name)
            .is_some_and(|value| words.iter().any(|word| value.eq_ignore_ascii_case(word)))
    }

    /// On or off, also as [true or false](Self::flag).
    pub fn switch(&mut self, name: &str) -> Option<bool> {
        self.with(name, "on or off", |value| {
            let is = |word: &&str| value.eq_ignore_ascii_case(word);
            let (on, off) = (ON.iter().any(is), OFF.iter().any(is));
            if on || off { Some(on) } else { truth(value) }
        })
    }

    /// A yes or no, as Go's `strconv.ParseBool` and OpenTelemetry read it.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.with(name, "true or false", truth)
    }

    /// Remembers a bad setting; of its value, no secret is repeated.
    pub fn reject(&mut self, name: &str, value: &str, expected: &str) {
        self.fault(name, value, Problem::Expected(expected.to_owned()));
    }

    fn fault(&mut self, name: &str, value: &str, problem: Problem) {
        let fault = Fault {
            name: self.source.label(&self.resolve(name)),
            value: shown(name, value),
            problem,
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

fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Some(true),
        "0" | "f" | "false" => Some(false),
        _ => None,
    }
}
