//! Settings from an injected source: the process environment, or a map in tests.
//!
//! A [`Reader`] goes through all settings and remembers every bad one, so that a start with three bad settings says three
//! things.

use std::{collections::BTreeMap, env, fmt, str::FromStr, time::Duration};

/// Where settings come from.
pub trait Source {
    /// The value of a setting, `None` where it is not set.
    fn get(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment;

impl Source for Environment {
    fn get(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }
}

impl Source for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).cloned()
    }
}

/// A source whose values win over those of another.
#[derive(Clone, Debug)]
pub struct Overlay<S> {
    over: BTreeMap<String, String>,
    under: S,
}

impl<S: Source> Overlay<S> {
    /// Values of `over` win over those of `under`.
    pub fn new(over: BTreeMap<String, String>, under: S) -> Self {
        Self { over, under }
    }
}

impl<S: Source> Source for Overlay<S> {
    fn get(&self, name: &str) -> Option<String> {
        Source::get(&self.over, name).or_else(|| self.under.get(name))
    }
}

/// One bad setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The setting's name.
    pub name: String,
    /// The value found; `***` where it is a secret.
    pub value: String,
    /// What was expected instead.
    pub expected: String,
}

/// Every bad setting of a start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.faults.len() == 1 { "" } else { "s" };
        write!(f, "{} bad setting{plural}:", self.faults.len())?;
        for Fault {
            name,
            value,
            expected,
        } in &self.faults
        {
            write!(f, "\n  {name}={value:?}: expected {expected}")?;
        }
        Ok(())
    }
}

/// Reads settings and remembers every fault.
pub struct Reader<'a> {
    source: &'a dyn Source,
    faults: Vec<Fault>,
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
        }
    }

    /// A text; an empty one counts as not set.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.source.get(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
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
        self.faults.push(Fault {
            name: name.to_owned(),
            value: value.to_owned(),
            expected: expected.to_owned(),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_bad_setting_is_named_at_once() {
        let source = source(&[
            ("WAIT", "soon"),
            ("TLS", "maybe"),
            ("N", "7"),
            ("EMPTY", " "),
        ]);
        let mut reader = Reader::new(&source);
        assert_eq!(reader.duration("WAIT"), None);
        assert_eq!(reader.flag("TLS"), None);
        assert_eq!(reader.parse::<u8>("N", "a number"), Some(7));
        assert_eq!(reader.text("EMPTY"), None);

        let error = reader.finish().unwrap_err();
        assert_eq!(error.faults.len(), 2);
        let text = error.to_string();
        assert!(
            text.contains("WAIT=\"soon\": expected a duration"),
            "{text}"
        );
        assert!(
            text.contains("TLS=\"maybe\": expected true or false"),
            "{text}"
        );
    }

    #[test]
    fn a_duration_of_nothing_is_refused() {
        let source = source(&[("WAIT", "0s")]);
        let mut reader = Reader::new(&source);
        assert_eq!(reader.duration("WAIT"), None);
        assert!(reader.finish().is_err());
    }

    #[test]
    fn an_overlay_wins() {
        let overlay = Overlay::new(
            source(&[("A", "over")]),
            source(&[("A", "under"), ("B", "b")]),
        );
        assert_eq!(overlay.get("A").as_deref(), Some("over"));
        assert_eq!(overlay.get("B").as_deref(), Some("b"));
        assert_eq!(overlay.get("C"), None);
    }
}
