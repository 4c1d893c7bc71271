//! Lists of ids, read where they lie.

use std::{fmt, str};

use bytes::{Buf, BufMut};
use prost::{
    DecodeError,
    encoding::{DecodeContext, WireType, encode_varint, string},
};

use super::{Fields, fields::Value};

/// The number of the field: in every message that names hotels, their ids are the first.
const TAG: u32 = 1;
/// What is before each id.
const KEY: u8 = (TAG as u8) << 3 | WireType::LengthDelimited as u8;
/// Room for the key and the length of an id below 128 bytes.
const HEAD: usize = 2;

/// The field `hotelIds` of the messages that have one, as it is on the wire: each id behind its key and its length, and all of them in
/// one piece of memory.
///
/// In the generated types it stands in the place of a list of strings, as what prost calls a oneof: that is what prost lets others
/// read and write. Absent it is empty. It reads ahead to the end of its message, so none that has it may be a part of
/// another one.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct HotelIds {
    encoded: Vec<u8>,
    count: usize,
}

/// The ids of a list, in its order.
#[derive(Clone, Debug)]
pub struct IdIter<'a> {
    fields: Fields<'a>,
    left: usize,
}

impl HotelIds {
    /// An empty list with room for so many ids of so many bytes in all, where each has less than 128.
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self {
            encoded: Vec::with_capacity(count * HEAD + bytes),
            count: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one behind the others.
    pub fn push(&mut self, id: &str) {
        self.encoded.push(KEY);
        encode_varint(id.len() as u64, &mut self.encoded);
        self.encoded.extend_from_slice(id.as_bytes());
        self.count += 1;
    }

    /// Drops all but the first so many.
    pub fn truncate(&mut self, count: usize) {
        if count < self.count {
            let mut fields = Fields::of(&self.encoded);
            let kept = fields.by_ref().take(count).count();
            let rest = fields.rest().len();
            self.encoded.truncate(self.encoded.len() - rest);
            self.count = kept;
        }
    }

    /// One after the other.
    pub fn iter(&self) -> IdIter<'_> {
        IdIter {
            fields: Fields::of(&self.encoded),
            left: self.count,
        }
    }

    /// What prost writes of it.
    pub fn encode(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.encoded);
    }

    /// How long that is.
    pub fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    /// What prost has it read: the id whose key has been read, and those that follow.
    ///
    /// # Errors
    /// Those of a list of strings.
    pub fn merge(
        field: &mut Option<Self>,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        debug_assert_eq!(tag, TAG);
        let ids = field.get_or_insert_default();
        let good = match wire_type {
            WireType::LengthDelimited => good(buf.chunk()),
            _ => Good::default(),
        };
        if good.count == 0 {
            // In pieces, or not a string at all: as prost has it.
            let mut id = String::new();
            string::merge(wire_type, &mut id, buf, ctx)?;
            ids.push(&id);
            return Ok(());
        }
        ids.encoded.reserve(1 + good.bytes);
        ids.encoded.push(KEY);
        ids.encoded.extend_from_slice(&buf.chunk()[..good.bytes]);
        ids.count += good.count;
        buf.advance(good.bytes);
        Ok(())
    }
}

/// Ids at the beginning of a piece of a message.
#[derive(Default)]
struct Good {
    count: usize,
    bytes: usize,
}

/// Those that are there as a whole and UTF-8, one behind the other. The first comes without its key.
fn good(piece: &[u8]) -> Good {
    let mut good = Good::default();
    let mut fields = Fields::of(piece);
    while let Ok(id) = fields.length_delimited()
        && str::from_utf8(id).is_ok()
    {
        good.count += 1;
        good.bytes = piece.len() - fields.rest().len();
        if !fields.skip_byte(KEY) {
            break;
        }
    }
    good
}

impl<'a> Iterator for IdIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (_, value): (u32, Value<'a>) = self.fields.next()?.ok()?;
        self.left -= 1;
        // It was when it came in.
        value.string().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for IdIter<'_> {}

impl<'a> IntoIterator for &'a HotelIds {
    type Item = &'a str;
    type IntoIter = IdIter<'a>;

    fn into_iter(self) -> IdIter<'a> {
        self.iter()
    }
}

impl<S: AsRef<str>> FromIterator<S> for HotelIds {
    fn from_iter<I: IntoIterator<Item = S>>(ids: I) -> Self {
        let mut all = Self::default();
        for id in ids {
            all.push(id.as_ref());
        }
        all
    }
}

impl fmt::Debug for HotelIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests;
