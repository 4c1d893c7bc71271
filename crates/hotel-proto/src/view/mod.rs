//! Messages as they are on the wire, read where they lie.
//!
//! Whoever hands a message on, or reads it once to write something else, has no use for strings of its own. So long lists are
//! one piece of memory each in the generated types, a [`List`]: of ids, which are read, handed on and written as a whole; of the plans in an
//! answer of rate, which search hands on as they are; of profiles, which were encoded when their data were loaded. On the wire
//! it is the same.
//!
//! A view has its texts [as whoever reads it wants them](Reads): as texts; as [bytes that are one](Checked), for those who hand
//! them on; or as they lie, for those who write them into something that is looked at as a whole.

mod fields;
mod found;
mod list;
mod profile;
mod rate;

use std::str;

use tonic::Status;

pub use self::{
    fields::{Field, Fields},
    found::Found,
    list::{Encoded, HotelIds, Iter, List, Message, Text, Value},
    profile::{Address, Hotel},
    rate::{RatePlan, RoomType},
};

/// A message that cannot be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message that cannot be read: {0}")]
pub struct Unreadable(&'static str);

/// What a text is read as.
pub trait Reads<'a>: Copy + Default {
    /// Reads one; `None` where it is none.
    fn read(bytes: &'a [u8]) -> Option<Self>;
}

/// UTF-8.
impl<'a> Reads<'a> for &'a str {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        str::from_utf8(bytes).ok()
    }
}

/// The bytes of a text, which have been looked at: UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Checked<'a>(&'a [u8]);

impl AsRef<[u8]> for Checked<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

/// UTF-8. Nearly all is ASCII, which is seen sooner.
impl<'a> Reads<'a> for Checked<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        (bytes.is_ascii() || str::from_utf8(bytes).is_ok()).then_some(Self(bytes))
    }
}

/// What may be written where a text is to stand: [`prim@str`] and [`Checked`], and nobody else's.
pub trait Utf8: AsRef<[u8]> + sealed::Sealed {}

impl Utf8 for &str {}

impl Utf8 for Checked<'_> {}

mod sealed {
    pub trait Sealed {}

    impl Sealed for &str {}

    impl Sealed for super::Checked<'_> {}
}

/// Whatever it is.
impl<'a> Reads<'a> for &'a [u8] {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        Some(bytes)
    }
}

/// As tonic says it of an answer that it cannot read.
impl From<Unreadable> for Status {
    fn from(error: Unreadable) -> Self {
        Self::internal(error.to_string())
    }
}

#[cfg(test)]
mod tests;
