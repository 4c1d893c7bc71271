//! The fields of an encoded message, one after the other as they lie.

use bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint, encode_varint, encoded_len_varint};

use super::{Reads, Unreadable};

const SHORT: Unreadable = Unreadable("it is cut short");
const KEY: Unreadable = Unreadable("a key that is none");
const GROUP: Unreadable = Unreadable("a group");
const TYPE: Unreadable = Unreadable("a field of another type");
const TEXT: Unreadable = Unreadable("a string that is not UTF-8");

/// Reads field by field; ends behind the first that cannot be read.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a [u8]);

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// A whole number.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Four bytes.
    Fixed32(u32),
    /// A text, a message, or bytes.
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    /// Those of a message.
    pub fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn read(&mut self) -> Result<(u32, Field<'a>), Unreadable> {
        let (tag, wire) = self.key()?;
        let value = match wire {
            WireType::Varint => Field::Varint(self.varint()?),
            WireType::SixtyFourBit => Field::Fixed64(self.0.try_get_u64_le().map_err(|_| SHORT)?),
            WireType::ThirtyTwoBit => Field::Fixed32(self.0.try_get_u32_le().map_err(|_| SHORT)?),
            WireType::LengthDelimited => Field::Bytes(self.length_delimited()?),
            WireType::StartGroup | WireType::EndGroup => return Err(GROUP),
        };
        Ok((tag, value))
    }

    /// What is left to be read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Passes over these bytes, if they are there.
    pub(super) fn pass_over(&mut self, bytes: &[u8]) -> bool {
        let rest = self.0.strip_prefix(bytes);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Reads a length and so many bytes, whose key has been read.
    pub(super) fn length_delimited(&mut self) -> Result<&'a [u8], Unreadable> {
        let length = usize::try_from(self.varint()?).ok();
        let split = length.and_then(|length| self.0.split_at_checked(length));
        let (bytes, rest) = split.ok_or(SHORT)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Nearly all are a byte, of a tag below 16.
    fn key(&mut self) -> Result<(u32, WireType), Unreadable> {
        match self.0 {
            &[key @ 8..0x80, ref rest @ ..] => {
                self.0 = rest;
                let wire = WireType::try_from(u64::from(key & 7)).map_err(|_| KEY)?;
                Ok((u32::from(key >> 3), wire))
            }
            _ => decode_key(&mut self.0).map_err(|_| KEY),
        }
    }

    fn varint(&mut self) -> Result<u64, Unreadable> {
        match self.0 {
            &[short @ ..0x80, ref rest @ ..] => {
                self.0 = rest;
                Ok(short.into())
            }
            _ => decode_varint(&mut self.0).map_err(|_| SHORT),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Field<'a>), Unreadable>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let field = match self.0 {
            [] => return None,
            // Nearly all: less than 128 bytes, of a field with a tag below 16.
            &[key @ 8..0x80, length @ ..0x80, ref rest @ ..]
                if key & 7 == WireType::LengthDelimited as u8 && rest.len() >= length.into() =>
            {
                let (bytes, rest) = rest.split_at(length.into());
                self.0 = rest;
                return Some(Ok((u32::from(key >> 3), Field::Bytes(bytes))));
            }
            // Of numbers nearly all.
            &[key @ 8..0x80, ref rest @ ..] if key & 7 == WireType::SixtyFourBit as u8 => {
                match rest.split_first_chunk() {
                    Some((bytes, rest)) => {
                        self.0 = rest;
                        let value = Field::Fixed64(u64::from_le_bytes(*bytes));
                        return Some(Ok((u32::from(key >> 3), value)));
                    }
                    None => Err(SHORT),
                }
            }
            _ => self.read(),
        };
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Field<'a> {
    /// Its bytes.
    ///
    /// # Errors
    /// Where the field is of another type.
    pub fn bytes(self) -> Result<&'a [u8], Unreadable> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(TYPE),
        }
    }

    /// Its text.
    ///
    /// # Errors
    /// Where the field is of another type, or what is in it is not what [`Reads`] asks for.
    pub fn text<S: Reads<'a>>(self) -> Result<S, Unreadable> {
        S::read(self.bytes()?).ok_or(TEXT)
    }

    /// Its number.
    ///
    /// # Errors
    /// Where the field is of another type.
    pub fn double(self) -> Result<f64, Unreadable> {
        match self {
            Self::Fixed64(bits) => Ok(f64::from_bits(bits)),
            _ => Err(TYPE),
        }
    }

    /// Its number.
    ///
    /// # Errors
    /// Where the field is of another type.
    pub fn float(self) -> Result<f32, Unreadable> {
        match self {
            Self::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(TYPE),
        }
    }

    /// Its whole number, as it is on the wire.
    ///
    /// # Errors
    /// Where the field is of another type.
    pub fn varint(self) -> Result<u64, Unreadable> {
        match self {
            Self::Varint(value) => Ok(value),
            _ => Err(TYPE),
        }
    }

    /// Whether it is set.
    ///
    /// # Errors
    /// Where the field is of another type.
    pub fn bool(self) -> Result<bool, Unreadable> {
        Ok(self.varint()? != 0)
    }
}

/// How long a field with a tag below 16 is; nothing is what is not there.
pub(super) fn bytes_len(bytes: &[u8]) -> usize {
    match bytes.len() {
        0 => 0,
        length => with_head(length),
    }
}

/// The same of one that is there, empty or not.
pub(super) fn with_head(length: usize) -> usize {
    1 + encoded_len_varint(length as u64) + length
}

/// Writes a field with a tag below 16, unless there is nothing in it.
pub(super) fn put_bytes(tag: u8, bytes: &[u8], buffer: &mut Vec<u8>) {
    if !bytes.is_empty() {
        put_head(tag, bytes.len(), buffer);
        buffer.extend_from_slice(bytes);
    }
}

/// Writes what is before so many bytes.
pub(super) fn put_head(tag: u8, length: usize, buffer: &mut Vec<u8>) {
    buffer.push(key(tag, WireType::LengthDelimited));
    match length {
        // Nearly all.
        0..0x80 => buffer.push(length as u8),
        _ => encode_varint(length as u64, buffer),
    }
}

/// The key of a field with a tag below 16.
pub(super) fn key(tag: u8, wire_type: WireType) -> u8 {
    tag << 3 | wire_type as u8
}
