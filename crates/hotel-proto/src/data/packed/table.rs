//! Records by id, read one by one from where they are.

use std::path::Path;

use super::{Kind, Packed, PackedFault, PackedWriter, sum::Sum};
use crate::data::DataError;

/// Records in a bucket, on average: few to read and walk through, few offsets to hold in memory (four bytes a hotel).
const PER_BUCKET: u32 = 2;
/// The largest bucket that is read. Records are hundreds of bytes long.
const MAX_BUCKET: u64 = 1 << 20;
/// Checksum, length of the id, length of the record.
const HEAD: usize = 4 + 2 + 4;

const RECORDS: usize = 0;
const ENDS: usize = 1;

/// Records by id in a file. In memory is where each bucket ends; a look at one record is one read.
#[derive(Debug)]
pub struct Table {
    packed: Packed,
    ends: Vec<u64>,
}

/// Where an id is in a [`Table`], if it is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'i> {
    id: &'i str,
    start: u64,
    end: u64,
}

impl<'i> Place<'i> {
    /// Whose it is.
    pub fn id(&self) -> &'i str {
        self.id
    }
}

/// What is written into a [`Table`]: each record on its own, in whatever order and as often as asked.
pub trait Records {
    /// How many there are.
    fn rows(&self) -> u32;

    /// The id of one, of at most 65,535 bytes; no two have the same.
    fn id(&self, row: u32) -> String;

    /// Appends one to `out`.
    fn record(&self, row: u32, out: &mut Vec<u8>);
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
        let buckets = buckets(packed.rows()) as usize;
        let ends = packed.u64s(ENDS, "the list of buckets", buckets)?;
        let in_order = ends.is_sorted() && ends.last() == Some(&packed.length(RECORDS));
        let starts = [0].into_iter().chain(ends.iter().copied());
        let largest = starts
            .zip(&ends)
            .map(|(start, end)| end.saturating_sub(start));
        if !in_order || largest.max() > Some(MAX_BUCKET) {
            let problem = "the list of buckets: out of order, or one is larger than 1 MiB";
            return Err(packed.shape(problem.to_owned()));
        }
        Ok(Some(Self { packed, ends }))
    }

    /// How many records it says it has.
    pub fn len(&self) -> usize {
        self.packed.rows() as usize
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where to look for each of these ids.
    ///
    /// What says so is somewhere in tens of megabytes: asked for together, the processor waits for memory once or twice and not
    /// once for each.
    pub fn places<'i>(&self, ids: &'i [impl AsRef<str>]) -> Vec<Place<'i>> {
        let count = self.ends.len() as u64;
        let hashed = |id: &'i _| {
            let id = AsRef::as_ref(id);
            (id, bucket(id, count) as usize)
        };
        // First all, so that nothing but memory is waited for below.
        let hashed: Vec<(&str, usize)> = ids.iter().map(hashed).collect();
        let place = |(id, bucket): (&'i str, usize)| Place {
            id,
            start: bucket.checked_sub(1).map_or(0, |before| self.ends[before]),
            end: self.ends[bucket],
        };
        hashed.into_iter().map(place).collect()
    }

    /// The record that is in a [place](Table::places) of this table, read into `buffer`.
    ///
    /// # Errors
    ///
    /// Names the file when it cannot be read, or what is there is damaged.
    pub fn find<'b>(
        &self,
        place: Place<'_>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Option<&'b [u8]>, DataError> {
        let id = place.id;
        buffer.resize((place.end - place.start) as usize, 0);
        self.packed.read(RECORDS, place.start, buffer)?;
        let damaged = |place| self.packed.fault(PackedFault::Damaged(place));
        let beside = || damaged(format!("a record beside that of hotel {id:?}"));
        let mut rest = &buffer[..];
        while !rest.is_empty() {
            let (entry, after) = Entry::split(rest).ok_or_else(beside)?;
            if entry.id == id.as_bytes() {
                return match entry.is_good() {
                    true => Ok(Some(entry.record)),
                    false => Err(damaged(format!("the record of hotel {id:?}"))),
                };
            }
            rest = after;
        }
        // It may be there all the same, where what tells the lengths or the id is damaged.
        match all_good(buffer) {
            true => Ok(None),
            false => Err(beside()),
        }
    }

    /// What is said of a record that makes no sense.
    pub fn shape(&self, problem: String) -> DataError {
        self.packed.shape(problem)
    }

    /// Writes the file `name` of a folder; `progress` hears how many records are written so far.
    ///
    /// Besides what a record itself needs, this holds eight bytes a record and four for its bucket.
    ///
    /// # Errors
    ///
    /// [`DataError::Unwritable`].
    ///
    /// # Panics
    ///
    /// When an id or a record is longer than may be.
    pub fn write(
        dir: &Path,
        name: &str,
        kind: Kind,
        records: &impl Records,
        mut progress: impl FnMut(u32),
    ) -> Result<(), DataError> {
        let rows = records.rows();
        let buckets = buckets(rows);
        let place = |row| (bucket(&records.id(row), buckets.into()) << 32) | u64::from(row);
        let mut order: Vec<u64> = (0..rows).map(place).collect();
        order.sort_unstable();

        let mut file = PackedWriter::create(dir, name, kind, rows)?;
        let mut ends = vec![0; buckets as usize];
        let (mut end, mut record, mut body) = (0, Vec::new(), Vec::new());
        for (written, place) in (1..).zip(order) {
            let (bucket, row) = ((place >> 32) as usize, place as u32);
            body.clear();
            records.record(row, &mut body);
            encode(&records.id(row), &body, &mut record);
            file.write(&record)?;
            end += record.len() as u64;
            ends[bucket] = end;
            progress(written);
        }
        file.next_section();
        let mut end = 0;
        for bucket in ends {
            // An empty one ends where the one before it does.
            end = bucket.max(end);
            file.write(&end.to_le_bytes())?;
        }
        file.finish()
    }
}

fn buckets(rows: u32) -> u32 {
    rows.div_ceil(PER_BUCKET).max(1)
}

fn bucket(id: &str, buckets: u64) -> u64 {
    let product = u128::from(Sum::of(id.as_bytes())) * u128::from(buckets);
    (product >> 64) as u64
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

/// What stands in a bucket for a record.
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

/// Whether all that is in a bucket is what was written.
fn all_good(mut bucket: &[u8]) -> bool {
    while !bucket.is_empty() {
        match Entry::split(bucket) {
            Some((entry, after)) if entry.is_good() => bucket = after,
            _ => return false,
        }
    }
    true
}
