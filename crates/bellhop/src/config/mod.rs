//! Settings from an injected source: the process environment, a file, or a map in tests.
//!
//! A [`Reader`] goes through all settings and remembers every bad one, so that a start with three bad settings says three
//! things. What a [`File`] says has the same names as in the environment, which wins over it.

mod defaults;
mod fault;
mod file;
mod known;
mod kubernetes;
mod meant;
mod reader;
mod record;

use std::{collections::BTreeMap, env};

#[cfg(test)]
pub(crate) use self::defaults::all as defaults;
pub(crate) use self::reader::PerChannel;
pub use self::{
    fault::{ConfigError, Fault, Problem},
    file::File,
    known::Known,
    reader::Reader,
    record::{Origin, Setting},
};

/// Where settings come from.
pub trait Source {
    /// The value of a setting, `None` where it is not set.
    fn get(&self, name: &str) -> Option<String>;

    /// The names of all settings that are set here.
    ///
    /// They say which channels have settings of their own; a source that cannot tell has none.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    /// How people know a setting that is set here.
    fn label(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Where a setting that is set here comes from.
    fn origin(&self, _name: &str) -> Origin {
        Origin::Program
    }
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Environment;

impl Source for Environment {
    fn get(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn names(&self) -> Vec<String> {
        let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        names.collect()
    }

    fn origin(&self, _name: &str) -> Origin {
        Origin::Environment
    }
}

impl Source for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

impl<S: Source + ?Sized> Source for &S {
    fn get(&self, name: &str) -> Option<String> {
        (**self).get(name)
    }

    fn names(&self) -> Vec<String> {
        (**self).names()
    }

    fn label(&self, name: &str) -> String {
        (**self).label(name)
    }

    fn origin(&self, name: &str) -> Origin {
        (**self).origin(name)
    }
}

impl<S: Source> Source for Option<S> {
    fn get(&self, name: &str) -> Option<String> {
        self.as_ref()?.get(name)
    }

    fn names(&self) -> Vec<String> {
        self.as_ref().map(Source::names).unwrap_or_default()
    }

    fn label(&self, name: &str) -> String {
        match self {
            Some(source) => source.label(name),
            None => name.to_owned(),
        }
    }

    fn origin(&self, name: &str) -> Origin {
        self.as_ref()
            .map_or(Origin::Default, |source| source.origin(name))
    }
}

/// A source whose values win over those of another.
#[derive(Clone, Debug)]
pub struct Overlay<O, U> {
    over: O,
    under: U,
}

impl<O: Source, U: Source> Overlay<O, U> {
    /// Values of `over` win over those of `under`; an empty one hides what is below.
    pub fn new(over: O, under: U) -> Self {
        Self { over, under }
    }
}

impl<O: Source, U: Source> Source for Overlay<O, U> {
    fn get(&self, name: &str) -> Option<String> {
        self.over.get(name).or_else(|| self.under.get(name))
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.over.names();
        names.extend(self.under.names());
        names
    }

    fn label(&self, name: &str) -> String {
        match self.over.get(name) {
            Some(_) => self.over.label(name),
            None => self.under.label(name),
        }
    }

    fn origin(&self, name: &str) -> Origin {
        match self.over.get(name) {
            Some(_) => self.over.origin(name),
            None => self.under.origin(name),
        }
    }
}

#[cfg(test)]
mod tests;
