//! Binary data files, for more hotels than JSON is good for.
//!
//! A file is a header and up to four sections, one after the other; all numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `HOTELS`, then 0x1A and a line feed: text tools stop at it, and copying as text breaks it |
//! | 4 | the version of the layout, 3 |
//! | 4 | the [`Kind`] |
//! | 8 | how many hotels |
//! | 4 × 16 | of each section its length and its checksum |
//! | 8 | the checksum of all that |
//!
//! Small sections are read into memory at the start and held against their checksums. Large ones stay in the file: a [`Table`]
//! reads the few records that it is asked for, each with a checksum of its own, so that what is resident is the system's page
//! cache and not the process. Files are written beside their names and renamed, so that no half of one is ever found.

mod fault;
mod header;
mod reader;
mod slots;
mod sum;
mod table;
mod writer;

pub use self::{
    fault::PackedFault,
    header::Kind,
    reader::Packed,
    table::{Records, Table},
    writer::PackedWriter,
};

#[cfg(test)]
mod tests;
