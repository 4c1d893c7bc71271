//! Messages as they are on the wire, read where they lie.
//!
//! Whoever hands a message on, or reads it once to write something else, has no use for strings of its own. So some messages are
//! fields of type `Bytes` in the generated types: an answer of rate holds the bytes of each plan, which search hands on as they
//! are; one of profile holds those that were encoded when its data were loaded. Lists of ids are one piece each. On the wire it is the same.

mod fields;
mod found;
mod ids;
mod profile;
mod rate;

use tonic::Status;

use self::fields::Fields;
pub use self::{
    found::Found,
    ids::{HotelIds, IdIter},
    profile::{Address, Hotel},
    rate::{RatePlan, RoomType},
};

/// A message that cannot be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message that cannot be read: {0}")]
pub struct Unreadable(&'static str);

/// As tonic says it of an answer that it cannot read.
impl From<Unreadable> for Status {
    fn from(error: Unreadable) -> Self {
        Self::internal(error.to_string())
    }
}

#[cfg(test)]
mod tests;
