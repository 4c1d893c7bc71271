//! What search found, read where it lies and written at once.

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key};

use super::{
    Fields, Unreadable,
    fields::{bytes_len, put_bytes},
};

/// A `search.Found`; what is not there is empty.
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found<'a> {
    pub hotel_id: &'a str,
    pub distance_m: f32,
    /// The bytes of a `rate.RatePlan`.
    pub rate_plan: &'a [u8],
}

impl<'a> Found<'a> {
    /// Reads the bytes of one; whether its plan is one is not looked at.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut found = Self::default();
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => found.hotel_id = value.string()?,
                2 => found.distance_m = value.float()?,
                3 => found.rate_plan = value.bytes()?,
                _ => {}
            }
        }
        Ok(found)
    }

    /// The bytes of it, written behind those of others: whoever encodes many has them all in a few pieces of memory.
    pub fn encode_in(&self, buffer: &mut BytesMut) -> Bytes {
        let is_far = self.distance_m != 0.0;
        let distance = if is_far { 1 + size_of::<f32>() } else { 0 };
        let length = bytes_len(self.hotel_id.as_bytes()) + distance + bytes_len(self.rate_plan);
        buffer.reserve(length);
        put_bytes(1, self.hotel_id.as_bytes(), buffer);
        if is_far {
            encode_key(2, WireType::ThirtyTwoBit, buffer);
            buffer.put_f32_le(self.distance_m);
        }
        put_bytes(3, self.rate_plan, buffer);
        buffer.split().freeze()
    }
}
