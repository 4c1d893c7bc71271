//! How a data file is read, and how its faults are told.
//!
//! A data file is a JSON list of records. A [`Source`] holds its text; [`Source::records`] hands out one record after the
//! other, so that nothing but the text itself grows with the file. Every record that does not fit is gathered, with those
//! the service itself refuses through [`Check`], into one [`DataError`].
//!
//! For millions of hotels there are binary files: columns ([`Packed`]) and records by id ([`Table`]).

mod check;
mod error;
mod packed;
mod source;

pub use self::{
    check::Check,
    error::{DataError, Fault},
    packed::{Kind, Packed, PackedFault, PackedWriter, Records, Table},
    source::Source,
};

/// The most faults of one file that are told in full.
pub const MAX_FAULTS: usize = 20;
