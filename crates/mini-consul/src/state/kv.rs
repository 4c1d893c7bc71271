//! Keys and values, with the indices that compare-and-set and blocking queries go by.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;

/// Beyond this many, deleted keys are remembered all together instead of one by one.
const MAX_TOMBSTONES: usize = 4096;

/// A key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) value: Bytes,
    pub(crate) flags: u64,
    pub(crate) create_index: u64,
    pub(crate) modify_index: u64,
}

/// The keys.
#[derive(Debug, Default)]
pub(crate) struct Kv {
    entries: BTreeMap<String, Entry>,
    /// When keys went, so that the index of what is left does not fall with them.
    tombstones: BTreeMap<String, u64>,
    forgotten: u64,
    index: u64,
}

impl Kv {
    /// A key, and the index to wait at for it to change.
    pub(crate) fn get(&self, key: &str) -> (u64, Option<&Entry>) {
        let entry = self.entries.get(key);
        (entry.map_or(self.index, |entry| entry.modify_index), entry)
    }

    /// The keys that start with `prefix`, in order, and the index to wait at for them to change.
    pub(crate) fn list<'a>(&'a self, prefix: &'a str) -> (u64, Vec<(&'a str, &'a Entry)>) {
        let found: Vec<_> = under(&self.entries, prefix).collect();
        let newest = found.iter().map(|(_, entry)| entry.modify_index).max();
        let gone = under(&self.tombstones, prefix)
            .map(|(_, index)| *index)
            .max();
        let index = match newest.max(gone) {
            Some(index) if !prefix.is_empty() => index.max(self.forgotten),
            _ => self.index,
        };
        (index, found)
    }

    /// As [`Kv::list`], but names alone, and cut off behind the first separator after the prefix.
    pub(crate) fn keys(&self, prefix: &str, separator: &str) -> (u64, Vec<String>) {
        let (index, found) = self.list(prefix);
        let cut = |key: &str| match key[prefix.len()..].find(separator) {
            Some(at) if !separator.is_empty() => {
                key[..prefix.len() + at + separator.len()].to_owned()
            }
            _ => key.to_owned(),
        };
        let mut keys: Vec<_> = found.into_iter().map(|(key, _)| cut(key)).collect();
        keys.dedup();
        (index, keys)
    }

    /// Sets a key at `index`. With `cas`, only where the key stands at that index; 0 is absent.
    pub(crate) fn put(
        &mut self,
        index: u64,
        key: &str,
        value: Bytes,
        flags: u64,
        cas: Option<u64>,
    ) -> bool {
        let known = self.entries.get(key);
        let stands_at = known.map_or(0, |entry| entry.modify_index);
        if cas.is_some_and(|wanted| wanted != stands_at) {
            return false;
        }
        // Writing what is there already is no change, and wakes nobody.
        if known.is_some_and(|entry| entry.value == value && entry.flags == flags) {
            return true;
        }
        let create_index = known.map_or(index, |entry| entry.create_index);
        self.entries.insert(
            key.to_owned(),
            Entry {
                value,
                flags,
                create_index,
                modify_index: index,
            },
        );
        self.tombstones.remove(key);
        self.index = index;
        true
    }

    /// Deletes a key at `index`. With `cas`, only where the key stands at that index; one that is
    /// gone already is as good as deleted.
    pub(crate) fn delete(&mut self, index: u64, key: &str, cas: Option<u64>) -> bool {
        let Some(known) = self.entries.get(key) else {
            return true;
        };
        if cas.is_some_and(|wanted| wanted != known.modify_index) {
            return false;
        }
        self.entries.remove(key);
        self.bury(index, key.to_owned());
        true
    }

    /// Deletes every key that starts with `prefix`.
    pub(crate) fn delete_tree(&mut self, index: u64, prefix: &str) {
        let gone: Vec<_> = under(&self.entries, prefix)
            .map(|(key, _)| key.to_owned())
            .collect();
        for key in gone {
            self.entries.remove(&key);
            self.bury(index, key);
        }
    }

    fn bury(&mut self, index: u64, key: String) {
        self.index = index;
        self.tombstones.insert(key, index);
        if self.tombstones.len() > MAX_TOMBSTONES {
            self.tombstones.clear();
            self.forgotten = index;
        }
    }
}

fn under<'a, T>(
    map: &'a BTreeMap<String, T>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a str, &'a T)> {
    let from = (Bound::Included(prefix), Bound::Unbounded);
    map.range::<str, _>(from)
        .take_while(move |(key, _)| key.starts_with(prefix))
        .map(|(key, value)| (key.as_str(), value))
}
