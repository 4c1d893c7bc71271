//! What search found, read where it lies and written at once.

use prost::encoding::WireType;

use super::{
    Encoded, Fields, Reads, Unreadable, Utf8,
    fields::{bytes_len, key, put_bytes},
};

/// A `search.Found`; what is not there is empty. `S` is what its texts are [read as](super::Reads).
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found<'a, S> {
    pub hotel_id: S,
    pub distance_m: f32,
    /// The bytes of a `rate.RatePlan`.
    pub rate_plan: &'a [u8],
}

impl<'a, S: Reads<'a>> Found<'a, S> {
    /// Reads the bytes of one; whether its plan is one is not looked at.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut found = Self::default();
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => found.hotel_id = value.text()?,
                2 => found.distance_m = value.float()?,
                3 => found.rate_plan = value.bytes()?,
                _ => {}
            }
        }
        Ok(found)
    }
}

impl<S: Utf8> Found<'_, S> {
    /// Adds the bytes of it to a list.
    pub fn push_on<const TAG: u32>(&self, list: &mut Encoded<TAG>) {
        let is_far = self.distance_m != 0.0;
        let distance = if is_far { 1 + size_of::<f32>() } else { 0 };
        let hotel_id = self.hotel_id.as_ref();
        let length = bytes_len(hotel_id) + distance + bytes_len(self.rate_plan);
        let buffer = list.begin(length);
        put_bytes(1, hotel_id, buffer);
        if is_far {
            buffer.push(key(2, WireType::ThirtyTwoBit));
            buffer.extend_from_slice(&self.distance_m.to_le_bytes());
        }
        put_bytes(3, self.rate_plan, buffer);
    }
}
