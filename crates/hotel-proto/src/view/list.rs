//! Repeated fields, read where they lie.

use std::{fmt, marker::PhantomData, str};

use bytes::{Buf, BufMut};
use prost::{
    DecodeError,
    encoding::{self, DecodeContext, WireType, encode_varint},
};

use super::{Checked, Fields, Reads};

/// The most bytes that stand before a value below 16 KiB: its key and its length.
const HEAD: usize = 4;

/// The field `hotelIds` of the messages that have one: it is the first of each.
pub type HotelIds = List<1, Text>;

/// A field whose values are messages, which whoever needs one reads by its view.
pub type Encoded<const TAG: u32> = List<TAG, Message>;

/// All values of a repeated field as they are on the wire: each behind its key and its length, in one piece of memory.
///
/// In the generated types it stands in the place of a list of strings or messages, as what prost calls a oneof: that is what
/// prost lets others read and write. Absent it is empty. It reads ahead to the end of its message, so none that has it
/// may be a part of another one.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct List<const TAG: u32, V> {
    encoded: Vec<u8>,
    count: usize,
    values: PhantomData<V>,
}

/// What the values of a list are.
pub trait Value {
    /// One of them, where it lies.
    type Seen: ?Sized + AsRef<[u8]> + fmt::Debug;

    /// Reads one; `None` where it is none.
    fn read(bytes: &[u8]) -> Option<&Self::Seen>;

    /// Whether it is one.
    fn is_one(bytes: &[u8]) -> bool {
        Self::read(bytes).is_some()
    }

    /// Has prost read one.
    ///
    /// # Errors
    /// Those of prost.
    fn merge(
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<Vec<u8>, DecodeError>;
}

/// Strings, each of which is UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text;

/// Messages, of which nobody knows yet whether they can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Message;

impl Value for Text {
    type Seen = str;

    fn read(bytes: &[u8]) -> Option<&str> {
        str::from_utf8(bytes).ok()
    }

    fn is_one(bytes: &[u8]) -> bool {
        Checked::read(bytes).is_some()
    }

    fn merge(
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<Vec<u8>, DecodeError> {
        let mut text = String::new();
        encoding::string::merge(wire_type, &mut text, buf, ctx)?;
        Ok(text.into_bytes())
    }
}

impl Value for Message {
    type Seen = [u8];

    fn read(bytes: &[u8]) -> Option<&[u8]> {
        Some(bytes)
    }

    fn merge(
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<Vec<u8>, DecodeError> {
        let mut message = Vec::new();
        encoding::bytes::merge(wire_type, &mut message, buf, ctx)?;
        Ok(message)
    }
}

impl<const TAG: u32, V: Value> List<TAG, V> {
    /// What is before each value.
    const KEY: Key = Key::of(TAG);

    /// An empty list with room for so many values of so many bytes in all.
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self {
            encoded: Vec::with_capacity(count * HEAD + bytes),
            count: 0,
            values: PhantomData,
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

    /// Makes room for more values, which take so many bytes in all with what is before each.
    pub fn reserve(&mut self, bytes: usize) {
        self.encoded.reserve(bytes);
    }

    /// Adds one behind the others.
    pub fn push(&mut self, value: &V::Seen) {
        let value = value.as_ref();
        self.begin(value.len()).extend_from_slice(value);
    }

    /// Adds one of so many bytes, which are to be written behind the others.
    pub(super) fn begin(&mut self, length: usize) -> &mut Vec<u8> {
        self.encoded.extend_from_slice(Self::KEY.bytes());
        encode_varint(length as u64, &mut self.encoded);
        self.count += 1;
        &mut self.encoded
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
    pub fn iter(&self) -> Iter<'_, V> {
        Iter {
            fields: Fields::of(&self.encoded),
            left: self.count,
            values: PhantomData,
        }
    }

    /// The bytes of one after the other.
    pub fn pieces(&self) -> Iter<'_, Message> {
        Iter {
            fields: Fields::of(&self.encoded),
            left: self.count,
            values: PhantomData,
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

    /// What prost has it read: the value whose key has been read, and those that follow.
    ///
    /// # Errors
    /// Those of a list as prost has it.
    pub fn merge(
        field: &mut Option<Self>,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        debug_assert_eq!(tag, TAG);
        let list = field.get_or_insert_with(|| Self::with_capacity(0, 0));
        let good = match wire_type {
            WireType::LengthDelimited => Self::good(buf.chunk()),
            _ => Good::default(),
        };
        if good.count == 0 {
            // In pieces, or none at all: as prost has it.
            let value = V::merge(wire_type, buf, ctx)?;
            list.begin(value.len()).extend_from_slice(&value);
            return Ok(());
        }
        let key = Self::KEY.bytes();
        list.encoded.reserve(key.len() + good.bytes);
        list.encoded.extend_from_slice(key);
        list.encoded.extend_from_slice(&buf.chunk()[..good.bytes]);
        list.count += good.count;
        buf.advance(good.bytes);
        Ok(())
    }

    /// The values that are there as a whole and good, one behind the other. The first comes without its key.
    fn good(piece: &[u8]) -> Good {
        let mut good = Good::default();
        let mut fields = Fields::of(piece);
        while let Ok(value) = fields.length_delimited()
            && V::is_one(value)
        {
            good.count += 1;
            good.bytes = piece.len() - fields.rest().len();
            if !fields.pass_over(Self::KEY.bytes()) {
                break;
            }
        }
        good
    }
}

impl<const TAG: u32> List<TAG, Text> {
    /// The bytes of one text after the other.
    pub fn checked(&self) -> impl Iterator<Item = Checked<'_>> {
        self.pieces().map(Checked)
    }

    /// Adds one behind the others.
    pub fn push_checked(&mut self, text: Checked<'_>) {
        let text = text.as_ref();
        self.begin(text.len()).extend_from_slice(text);
    }
}

/// Values at the beginning of a piece of a message.
#[derive(Default)]
struct Good {
    count: usize,
    bytes: usize,
}

/// The number of a field and the type of what follows.
struct Key {
    bytes: [u8; 2],
    length: usize,
}

impl Key {
    const fn of(tag: u32) -> Self {
        let key = tag << 3 | WireType::LengthDelimited as u32;
        assert!(key < 1 << 14, "such a key takes more than two bytes");
        match key < 0x80 {
            true => Self {
                bytes: [key as u8, 0],
                length: 1,
            },
            false => Self {
                bytes: [key as u8 | 0x80, (key >> 7) as u8],
                length: 2,
            },
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The values of a list, in its order.
#[derive(Clone, Debug)]
pub struct Iter<'a, V> {
    fields: Fields<'a>,
    left: usize,
    values: PhantomData<V>,
}

impl<'a, V: Value<Seen: 'a>> Iterator for Iter<'a, V> {
    type Item = &'a V::Seen;

    fn next(&mut self) -> Option<&'a V::Seen> {
        let (_, value) = self.fields.next()?.ok()?;
        self.left -= 1;
        // They were good when they came in.
        V::read(value.bytes().ok()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<'a, V: Value<Seen: 'a>> ExactSizeIterator for Iter<'a, V> {}

impl<'a, const TAG: u32, V: Value> IntoIterator for &'a List<TAG, V> {
    type Item = &'a V::Seen;
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Iter<'a, V> {
        self.iter()
    }
}

impl<const TAG: u32, V: Value, S: AsRef<V::Seen>> FromIterator<S> for List<TAG, V> {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        let mut list = Self::with_capacity(0, 0);
        for value in values {
            list.push(value.as_ref());
        }
        list
    }
}

impl<const TAG: u32, V: Value> fmt::Debug for List<TAG, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

#[cfg(test)]
mod tests;
