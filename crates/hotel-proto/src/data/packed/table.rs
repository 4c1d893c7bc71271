//! Records by id, read from where they are.

use std::{ops::Range, path::Path};

use super::{Kind, Packed, PackedFault, PackedWriter, slots::Slots, sum::Sum};
use crate::data::DataError;

/// Records in a block: what is read for one of them, and few offsets to hold in memory (two bytes a hotel).
const PER_BLOCK: u32 = 4;
/// The largest block that is read. Records are hundreds of bytes long.
const MAX_BLOCK: u64 = 1 << 20;
/// What is read through, and not passed over, between two blocks that are asked for: it takes less than another call to the system.
const GAP: u64 = 4 << 10;
/// Checksum, length of the id, length of the record.
const HEAD: usize = 4 + 2 + 4;

const RECORDS: usize = 0;
const ENDS: usize = 1;
const SLOTS: usize = 2;

/// Records by id in a file. In memory is which block each is in, and where that ends.
///
/// Records stand in the order in which they were written. What is asked for together is read together where it stands together.
#[derive(Debug)]
pub struct Table {
    packed: Packed,
    ends: Vec<u64>,
    slots: Slots,
}

/// What is written into a [`Table`]: each record on its own, as often as asked.
///
/// Their order is that of the file. Those that are asked for together are found sooner where they have numbers close to each other.
pub trait Records {
    /// How many there are.
    fn rows(&self) -> u32;

    /// The id of one, of at most 65,535 bytes; no two have the same.
    fn id(&self, row: u32) -> String;

    /// Appends one to `out`.
    fn record(&self, row: u32, out: &mut Vec<u8>);
}

/// Ids with their records, for as few as are in memory at a time.
impl Records for Vec<(String, Vec<u8>)> {
    fn rows(&self) -> u32 {
        self.len().try_into().expect("there are fewer than 2³²")
    }

    fn id(&self, row: u32) -> String {
        self[row as usize].0.clone()
    }

    fn record(&self, row: u32, out: &mut Vec<u8>) {
        out.extend(&self[row as usize].1);
    }
}

impl Table {
    /// Opens the file `name` of a folder; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Names the file and what is wrong with it.
    pub fn open(dir: &Path, name: &str, kind: Kind) -> Result<Option<Self>, DataError> {
        let Some(packed) = Packed::open(dir, name, kind)? else {
            return Ok(None);
        };
        let blocks = packed.rows().div_ceil(PER_BLOCK);
        let ends = packed.u64s(ENDS, "the list of blocks", blocks as usize)?;
        let in_order =
            ends.is_sorted() && ends.last().copied().unwrap_or(0) == packed.length(RECORDS);
        let starts = [0].into_iter().chain(ends.iter().copied());
        let largest = starts
            .zip(&ends)
            .map(|(start, end)| end.saturating_sub(start));
        if !in_order || largest.max() > Some(MAX_BLOCK) {
            let problem = "the list of blocks: out of order, or one is larger than 1 MiB";
            return Err(packed.shape(problem.to_owned()));
        }
        let slots = packed.u32s(SLOTS, "the list of ids", Slots::count(packed.rows()))?;
        let slots = Slots::try_new(slots, packed.rows(), blocks)
            .ok_or_else(|| packed.shape("the list of ids: of other records".to_owned()))?;
        Ok(Some(Self {
            packed,
            ends,
            slots,
        }))
    }

    /// How many records it says it has.
    pub fn len(&self) -> usize {
        self.packed.rows() as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record of each of these ids, if there is one, read into `buffer`.
    ///
    /// # Errors
    ///
    /// Names the file when it cannot be read, or what is there is damaged.
    pub fn records<'b, I: AsRef<str>>(
        &self,
        ids: &[I],
        buffer: &'b mut Vec<u8>,
    ) -> Result<impl Iterator<Item = Option<&'b [u8]>> + use<'b, I>, DataError> {
        let mut searches = self.slots.searches(ids);
        let first = |(n, search)| Some((self.slots.next(search)?, n));
        let mut asked: Vec<(u32, usize)> = (0..).zip(&mut searches).filter_map(first).collect();
        asked.sort_unstable();

        buffer.clear();
        let mut found = vec![None; ids.len()];
        let near =
            |(one, _): &_, (next, _): &_| self.span(*next).start <= self.span(*one).end + GAP;
        for run in asked.chunk_by(near) {
            let ([(first, _), ..], [.., (last, _)]) = (run, run) else {
                continue;
            };
            let span = self.span(*first).start..self.span(*last).end;
            let at = self.append(span.clone(), buffer)?;
            for (block, n) in run {
                let block = self.span(*block);
                let start = at + (block.start - span.start) as usize;
                let place = start..start + (block.end - block.start) as usize;
                found[*n] = self.find(ids[*n].as_ref(), place, buffer)?;
            }
        }
        // Of those that are not there, another id may have had the same bits.
        for ((id, search), found) in ids.iter().zip(&mut searches).zip(&mut found) {
            while found.is_none()
                && let Some(block) = self.slots.next(search)
            {
                let at = self.append(self.span(block), buffer)?;
                *found = self.find(id.as_ref(), at..buffer.len(), buffer)?;
                if found.is_none() {
                    buffer.truncate(at);
                }
            }
        }
        let buffer = &*buffer;
        Ok(found
            .into_iter()
            .map(|place| place.map(|place: Range<usize>| &buffer[place])))
    }

    /// What is said of a record that makes no sense.
    pub fn shape(&self, problem: String) -> DataError {
        self.packed.shape(problem)
    }

    /// Writes the file `name` of a folder; `progress` hears how many records are written so far.
    ///
    /// Besides what a record itself needs, this holds seven bytes a record.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`].
    ///
    /// # Panics
    ///
    /// When an id is longer than may be, or four records are longer than 1 MiB.
    pub fn write(
        dir: &Path,
        name: &str,
        kind: Kind,
        records: &impl Records,
        mut progress: impl FnMut(u32),
    ) -> Result<(), DataError> {
        let rows = records.rows();
        let blocks = rows.div_ceil(PER_BLOCK);
        let mut file = PackedWriter::create(dir, name, kind, rows)?;
        let mut slots = Slots::new(rows, blocks);
        let mut ends = vec![0; blocks as usize];
        let (mut end, mut record, mut body) = (0_u64, Vec::new(), Vec::new());
        for row in 0..rows {
            let (id, block) = (records.id(row), row / PER_BLOCK);
            body.clear();
            records.record(row, &mut body);
            encode(&id, &body, &mut record);
            file.write(&record)?;
            end += record.len() as u64;
            ends[block as usize] = end;
            let begun = block
                .checked_sub(1)
                .map_or(0, |before| ends[before as usize]);
            assert!(
                end - begun <= MAX_BLOCK,
                "four records are at most 1 MiB long"
            );
            slots.insert(&id, block);
            progress(row + 1);
        }
        file.next_section();
        for end in ends {
            file.write(&end.to_le_bytes())?;
        }
        file.next_section();
        for slot in slots.as_slice() {
            file.write(&slot.to_le_bytes())?;
        }
        file.finish()
    }

    /// Where a block is in the section of records.
    fn span(&self, block: u32) -> Range<u64> {
        let block = block as usize;
        let start = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[block]
    }

    /// Reads some of the records behind what is in the buffer. Where they begin there.
    fn append(&self, span: Range<u64>, buffer: &mut Vec<u8>) -> Result<usize, DataError> {
        let at = buffer.len();
        buffer.resize(at + (span.end - span.start) as usize, 0);
        self.packed.read(RECORDS, span.start, &mut buffer[at..])?;
        Ok(at)
    }

    /// Where in the buffer the record of an id is, if it is in the block that was read to this place.
    fn find(
        &self,
        id: &str,
        place: Range<usize>,
        buffer: &[u8],
    ) -> Result<Option<Range<usize>>, DataError> {
        let damaged = |what| self.packed.fault(PackedFault::Damaged(what));
        let beside = || damaged(format!("a record beside that of hotel {id:?}"));
        let block = &buffer[place.clone()];
        let mut rest = block;
        while !rest.is_empty() {
            let (entry, after) = Entry::split(rest).ok_or_else(beside)?;
            if entry.id == id.as_bytes() {
                let end = place.end - after.len();
                return match entry.is_good() {
                    true => Ok(Some(end - entry.record.len()..end)),
                    false => Err(damaged(format!("the record of hotel {id:?}"))),
                };
            }
            rest = after;
        }
        // It may be there all the same, where what tells the lengths or the id is damaged.
        match all_good(block) {
            true => Ok(None),
            false => Err(beside()),
        }
    }
}

fn encode(id: &str, body: &[u8], record: &mut Vec<u8>) {
    let id_length = u16::try_from(id.len()).expect("an id is at most 65,535 bytes long");
    let length = u32::try_from(body.len()).expect("a record is shorter than 4 GiB");
    record.clear();
    record.extend([0; 4]);
    record.extend(id_length.to_le_bytes());
    record.extend(length.to_le_bytes());
    record.extend(id.as_bytes());
    record.extend(body);
    let sum = Sum::of(&record[4..]) as u32;
    record[..4].copy_from_slice(&sum.to_le_bytes());
}

/// What stands in a block for a record.
struct Entry<'b> {
    id: &'b [u8],
    record: &'b [u8],
    sum: u32,
    /// What the sum is of.
    summed: &'b [u8],
}

impl<'b> Entry<'b> {
    /// The first, and what comes after it; `None` where its lengths are wrong.
    fn split(bytes: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let [s0, s1, s2, s3, i0, i1, l0, l1, l2, l3] = *head;
        let (id, rest) = rest.split_at_checked(u16::from_le_bytes([i0, i1]).into())?;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let (record, after) = rest.split_at_checked(length)?;
        let entry = Self {
            id,
            record,
            sum: u32::from_le_bytes([s0, s1, s2, s3]),
            summed: &bytes[4..HEAD + id.len() + length],
        };
        Some((entry, after))
    }

    /// Whether it is what was written.
    fn is_good(&self) -> bool {
        Sum::of(self.summed) as u32 == self.sum
    }
}

/// Whether all that is in a block is what was written.
fn all_good(mut block: &[u8]) -> bool {
    while !block.is_empty() {
        match Entry::split(block) {
            Some((entry, after)) if entry.is_good() => block = after,
            _ => return false,
        }
    }
    true
}
