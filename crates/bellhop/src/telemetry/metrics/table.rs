//! A table of series that only grows, to a bound, and takes no lock.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Values by key. What is there stays where it is; a place is known by its number.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    // Twice as many as are ever taken, so that a search soon meets an empty one.
    slots: Box<[Slot<K, V>]>,
    taken: AtomicUsize,
}

type Slot<K, V> = OnceLock<Box<(K, V)>>;

impl<K, V: Default> Table<K, V> {
    /// Room for so many, a power of two.
    pub(super) fn new(capacity: usize) -> Self {
        debug_assert!(capacity.is_power_of_two());
        Self {
            slots: (0..2 * capacity).map(|_| OnceLock::new()).collect(),
            taken: AtomicUsize::new(0),
        }
    }

    /// Where a key is.
    pub(super) fn find(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<usize> {
        let mut places = self.places(hash);
        places.find_map(|place| match self.slots[place].get() {
            None => Some(None),
            Some(entry) => is(&entry.0).then_some(Some(place)),
        })?
    }

    /// Where a key is from now on; `None` where there is no room left.
    pub(super) fn insert(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        key: impl Fn() -> K,
    ) -> Option<usize> {
        for place in self.places(hash) {
            let slot = &self.slots[place];
            if slot.get().is_none() && self.is_full() {
                return None;
            }
            let entry = slot.get_or_init(|| {
                self.taken.fetch_add(1, Relaxed);
                Box::new((key(), V::default()))
            });
            // Somebody else may have come first, with another key.
            if is(&entry.0) {
                return Some(place);
            }
        }
        None
    }

    /// The value at a place that was found.
    pub(super) fn at(&self, place: usize) -> Option<&V> {
        self.slots[place].get().map(|entry| &entry.1)
    }

    /// All that there is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let entries = self.slots.iter().filter_map(OnceLock::get);
        entries.map(|entry| (&entry.0, &entry.1))
    }

    fn is_full(&self) -> bool {
        // Threads that come at the same time may go over it by their number, for which there is room.
        self.taken.load(Relaxed) >= self.slots.len() / 2
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<K, V> {
        let mask = self.slots.len() - 1;
        // The upper half is the better mixed one.
        let first = (hash >> 32) as usize;
        (0..=mask).map(move |step| (first + step) & mask)
    }
}

/// A hash of a few nanoseconds. Whoever could choose keys that collide gains nothing: the table is small.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut words = bytes.chunks_exact(8);
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(K);
    let hash = words.by_ref().fold(bytes.len() as u64, |hash, word| {
        mix(
            hash,
            u64::from_le_bytes(word.try_into().unwrap_or_default()),
        )
    });
    let rest = words.remainder().iter();
    mix(
        hash,
        rest.fold(0, |word, byte| word << 8 | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, thread};

    use super::*;

    fn insert(table: &Table<String, ()>, key: &str) -> Option<usize> {
        table.insert(
            hash(key.as_bytes()),
            |known| known == key,
            || key.to_owned(),
        )
    }

    fn find(table: &Table<String, ()>, key: &str) -> Option<usize> {
        table.find(hash(key.as_bytes()), |known| known == key)
    }

    #[test]
    fn what_is_there_is_found_where_it_was_put() {
        let table = Table::new(128);
        let keys: Vec<_> = (0..128).map(|number| format!("/p.S/M{number}")).collect();
        for key in &keys {
            assert_eq!(find(&table, key), None);
            let place = insert(&table, key);
            assert!(place.is_some());
            assert_eq!((insert(&table, key), find(&table, key)), (place, place));
        }
        assert_eq!(insert(&table, "one too many"), None);
        assert_eq!(table.iter().count(), 128);
    }

    #[test]
    fn threads_that_come_together_agree() {
        let table = Table::new(16);
        let keys: Vec<_> = (0..12).map(|number| number.to_string()).collect();
        let places =
            |keys: &[String]| -> Vec<_> { keys.iter().map(|key| insert(&table, key)).collect() };
        let all: BTreeSet<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| places(&keys))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(table.iter().count(), 12);
    }

    #[test]
    fn keys_of_the_same_hash_are_told_apart() {
        let table = Table::<u8, ()>::new(4);
        for key in 0..4 {
            assert!(table.insert(7, |known| *known == key, || key).is_some());
        }
        assert_eq!(table.find(7, |known| *known == 9), None);
        assert!(table.find(7, |known| *known == 3).is_some());
    }
}
