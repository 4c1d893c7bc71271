//! What a mistyped setting was probably meant to be.

use std::{collections::BTreeSet, mem};

use super::{
    Known,
    reader::{CHANNEL, PREFIX},
};

/// As it stands in the names of channels' settings.
const CHANNEL_WORD: &str = "CHANNEL";

/// The setting that a mistyped one was probably meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    service: Option<String>,
    key: String,
}

/// What can be meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// All settings, in full.
    pub(super) settings: &'a BTreeSet<String>,
    /// Of these, those of calls.
    pub(super) of_calls: &'a BTreeSet<String>,
    pub(super) known: &'a Known,
}

impl Meant {
    pub(super) fn in_environment(&self) -> String {
        match &self.service {
            Some(service) => format!("{CHANNEL}{service}_{}", self.key),
            None => format!("{PREFIX}{}", self.key),
        }
    }

    pub(super) fn in_file(&self) -> String {
        let key = match &self.service {
            Some(service) => format!("channel.{service}.{}", self.key),
            None => self.key.clone(),
        };
        key.to_ascii_lowercase()
    }
}

impl Choice<'_> {
    /// The nearest setting that is near enough.
    pub(super) fn nearest(self, name: &str) -> Option<Meant> {
        let of_channel = name.starts_with(CHANNEL);
        let name = name.strip_prefix(PREFIX)?;
        let of_all = self.of_all(name).filter(|_| !of_channel);
        let near = of_all.into_iter().chain(self.of_channel(name));
        near.min_by_key(|(far, _)| *far).map(|(_, meant)| meant)
    }

    fn of_all(self, name: &str) -> Option<(usize, Meant)> {
        let settings = self.settings.iter();
        let keys = settings.filter(|setting| !setting.starts_with(CHANNEL));
        let (far, key) = nearest(name, keys.filter_map(|key| key.strip_prefix(PREFIX)))?;
        let key = key.to_owned();
        Some((far, Meant { service: None, key }))
    }

    /// The same of a channel's setting, wherever its service ends.
    fn of_channel(self, name: &str) -> Option<(usize, Meant)> {
        let (word, rest) = name.split_once('_')?;
        let (word_far, _) = nearest(word, [CHANNEL_WORD])?;
        let splits = rest.match_indices('_').filter_map(|(at, _)| {
            let (service_far, service) = self.service(&rest[..at])?;
            let keys = self.of_calls.iter();
            let keys = keys.filter_map(|key| key.strip_prefix(PREFIX));
            let (key_far, key) = nearest(&rest[at + 1..], keys)?;
            let meant = Meant {
                service: Some(service.to_owned()),
                key: key.to_owned(),
            };
            Some((word_far + service_far + key_far, meant))
        });
        splits.min_by_key(|(far, _)| *far)
    }

    fn service<'s>(&'s self, service: &'s str) -> Option<(usize, &'s str)> {
        match self.known.services() {
            Some(called) => nearest(service, called.iter().map(String::as_str)),
            None => (!service.is_empty()).then_some((0, service)),
        }
    }
}

/// The nearest of these, where no more than a third of its letters is wrong.
fn nearest<'t>(name: &str, of: impl IntoIterator<Item = &'t str>) -> Option<(usize, &'t str)> {
    of.into_iter()
        .map(|other| (distance(name, other), other))
        .filter(|(far, other)| 3 * far <= other.len())
        .min()
}

/// How many letters to change, to add, to take away, or to swap with the next one.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 0..one.len() {
        let mut row = vec![i + 1];
        for j in 0..other.len() {
            let changed = last[j] + usize::from(one[i] != other[j]);
            let mut least = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i] == other[j - 1] && one[i - 1] == other[j] {
                let swapped: usize = before[j - 1];
                least = least.min(swapped + 1);
            }
            row.push(least);
        }
        before = mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_wrong_are_counted() {
        for (one, other, far) in [
            ("", "", 0),
            ("RATE", "RATE", 0),
            ("RAET", "RATE", 1),
            ("CHANEL", "CHANNEL", 1),
            ("", "ABC", 3),
            ("ABC", "", 3),
            ("KITTEN", "SITTING", 3),
        ] {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
    }
}
