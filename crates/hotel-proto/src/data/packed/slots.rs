//! Which block of a file an id may be in.

use std::hint;

use super::sum::Sum;

/// Nothing is in this slot: a search that comes here is over.
const EMPTY: u32 = u32::MAX;

/// A block by id, five bytes each: a hash table whose slots have some bits of the id's hash, and a block in those that are left. That may
/// be the block of another id with the same bits, which is seen where the id stands in full.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<u32>,
    /// Of a slot, what says which block.
    block: u32,
}

/// A search for one id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// The slot to look at next.
    at: usize,
    /// What a slot of its has beside the block.
    bits: u32,
}

impl Slots {
    /// Nothing yet, with room for so many ids.
    pub(super) fn new(rows: u32, blocks: u32) -> Self {
        Self {
            slots: vec![EMPTY; Self::count(rows)],
            block: mask(blocks),
        }
    }

    /// These, if they are of so many ids in so many blocks.
    pub(super) fn try_new(slots: Vec<u32>, rows: u32, blocks: u32) -> Option<Self> {
        let block = mask(blocks);
        // Without a branch for each, of which there are millions.
        let look = |(taken, strange): (u32, bool), slot: &u32| {
            let is_taken = *slot != EMPTY;
            let is_strange = is_taken & (slot & block >= blocks);
            (taken + u32::from(is_taken), strange | is_strange)
        };
        let (taken, strange) = slots.iter().fold((0, false), look);
        // So that there is an empty one, where each search ends.
        let good = taken == rows && !strange && slots.len() == Self::count(rows);
        good.then_some(Self { slots, block })
    }

    /// How many slots there are for so many ids: a fifth of them is empty.
    pub(super) fn count(rows: u32) -> usize {
        let rows = rows as usize;
        rows + rows / 4 + 1
    }

    /// As they go into a file.
    pub(super) fn as_slice(&self) -> &[u32] {
        &self.slots
    }

    /// Adds an id, which has one of the empty slots.
    pub(super) fn insert(&mut self, id: &str, block: u32) {
        let Search { mut at, bits } = self.search(id);
        while self.slots[at] != EMPTY {
            at = self.after(at);
        }
        self.slots[at] = bits | block;
    }

    /// A search for each of these ids.
    ///
    /// Where they begin is somewhere in tens of megabytes: all of it is asked for here, so that the processor waits for memory once
    /// or twice and not once for each.
    pub(super) fn searches(&self, ids: &[impl AsRef<str>]) -> Vec<Search> {
        let ids = ids.iter().map(AsRef::as_ref);
        let searches: Vec<Search> = ids.map(|id| self.search(id)).collect();
        let seen = searches.iter().fold(0, |seen, id| seen ^ self.slots[id.at]);
        hint::black_box(seen);
        searches
    }

    /// The next block that the id may be in.
    pub(super) fn next(&self, search: &mut Search) -> Option<u32> {
        loop {
            let slot = self.slots[search.at];
            if slot == EMPTY {
                return None;
            }
            search.at = self.after(search.at);
            if slot & !self.block == search.bits {
                return Some(slot & self.block);
            }
        }
    }

    fn search(&self, id: &str) -> Search {
        let hash = Sum::of(id.as_bytes());
        // The high bits say where, low ones who: they have had the high ones folded into them.
        let at = (u128::from(hash) * self.slots.len() as u128) >> 64;
        Search {
            at: at as usize,
            bits: (hash as u32) & !self.block,
        }
    }

    fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() {
            0
        } else {
            at + 1
        }
    }
}

/// The bits for so many blocks and one more, so that no slot with a block looks empty.
fn mask(blocks: u32) -> u32 {
    let bits = u32::BITS - blocks.leading_zeros();
    1_u32.unbounded_shl(bits).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blocks_of(slots: &Slots, id: &str) -> Vec<u32> {
        let mut search = slots.searches(&[id])[0];
        std::iter::from_fn(|| slots.next(&mut search)).collect()
    }

    proptest! {
        #[test]
        fn the_block_of_an_id_is_among_those_it_may_be_in(rows in 0..200_u32, per_block in 1..5_u32) {
            let blocks = rows.div_ceil(per_block);
            let mut slots = Slots::new(rows, blocks);
            for row in 0..rows {
                slots.insert(&row.to_string(), row / per_block);
            }
            let slots = Slots::try_new(slots.as_slice().to_vec(), rows, blocks).unwrap();
            for row in 0..rows {
                prop_assert!(blocks_of(&slots, &row.to_string()).contains(&(row / per_block)));
            }
        }
    }

    /// Of the hash, as many bits are left as a file of ten million hotels has.
    #[test]
    fn some_ids_have_the_bits_of_others_but_few() {
        const BLOCKS: u32 = 2_500_000;
        let mut slots = Slots::new(100_000, BLOCKS);
        for row in 0..100_000 {
            slots.insert(&row.to_string(), row);
        }
        let others = (100_000..200_000_u32).map(|row| row.to_string());
        let taken_for: usize = others.map(|id| blocks_of(&slots, &id).len()).sum();
        // An id has thirteen slots looked at until there is an empty one, each of which has its bits once in 1,024.
        assert!((100..3_000).contains(&taken_for), "{taken_for}");
        let another_first = |row: &u32| blocks_of(&slots, &row.to_string())[0] != *row;
        let another_first = (0..100_000).filter(another_first).count();
        assert!((10..1_000).contains(&another_first), "{another_first}");
    }

    #[test]
    fn slots_of_something_else_are_refused() {
        let mut slots = Slots::new(8, 2);
        for row in 0..8 {
            slots.insert(&row.to_string(), row / 4);
        }
        let good = slots.as_slice().to_vec();
        let with = |slots: Vec<u32>| Slots::try_new(slots, 8, 2).is_some();
        assert!(with(good.clone()));
        assert!(!with(good[1..].to_vec()));
        let changed = |to: u32| {
            let mut slots = good.clone();
            let taken = slots.iter_mut().find(|slot| **slot != EMPTY);
            *taken.unwrap() = to;
            slots
        };
        assert!(with(changed(1)));
        assert!(!with(changed(2)), "there is no third block");
        assert!(!with(changed(EMPTY)), "one is missing");
    }
}
