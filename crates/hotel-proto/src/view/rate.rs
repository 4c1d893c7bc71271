//! Rate plans, read where they lie and written at once.

use bytes::{BufMut, Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::{
    Fields, Unreadable,
    fields::{bytes_len, put_bytes, with_head},
};

/// A `rate.RatePlan` with its room; what is not there is empty.
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatePlan<'a> {
    pub hotel_id: &'a str,
    pub code: &'a str,
    pub in_date: &'a str,
    pub out_date: &'a str,
    pub room_type: Option<RoomType<'a>>,
}

/// A `rate.RoomType`.
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoomType<'a> {
    pub bookable_rate: f64,
    pub total_rate: f64,
    pub total_rate_inclusive: f64,
    pub code: &'a str,
    pub currency: &'a str,
    pub room_description: &'a str,
}

impl<'a> RatePlan<'a> {
    /// Reads the bytes of one.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut plan = Self::default();
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => plan.hotel_id = value.string()?,
                2 => plan.code = value.string()?,
                3 => plan.in_date = value.string()?,
                4 => plan.out_date = value.string()?,
                5 => plan
                    .room_type
                    .get_or_insert_default()
                    .merge(value.bytes()?)?,
                _ => {}
            }
        }
        Ok(plan)
    }

    /// The bytes of it.
    pub fn encode(&self) -> Bytes {
        self.encode_in(&mut BytesMut::new())
    }

    /// The bytes of it, written behind those of others: whoever encodes many has them all in a few pieces of memory.
    pub fn encode_in(&self, buffer: &mut BytesMut) -> Bytes {
        let room = self.room_type.as_ref().map(RoomType::encoded_len);
        let texts = [
            (1, self.hotel_id),
            (2, self.code),
            (3, self.in_date),
            (4, self.out_date),
        ];
        let length = texts
            .iter()
            .map(|(_, text)| bytes_len(text.as_bytes()))
            .sum::<usize>();
        buffer.reserve(length + room.map_or(0, with_head));
        for (tag, text) in texts {
            put_bytes(tag, text.as_bytes(), buffer);
        }
        if let (Some(room), Some(length)) = (&self.room_type, room) {
            encode_key(5, WireType::LengthDelimited, buffer);
            encode_varint(length as u64, buffer);
            room.put(buffer);
        }
        buffer.split().freeze()
    }
}

impl<'a> RoomType<'a> {
    fn merge(&mut self, message: &'a [u8]) -> Result<(), Unreadable> {
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => self.bookable_rate = value.double()?,
                2 => self.total_rate = value.double()?,
                3 => self.total_rate_inclusive = value.double()?,
                4 => self.code = value.string()?,
                5 => self.currency = value.string()?,
                6 => self.room_description = value.string()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn rates(&self) -> [(u32, f64); 3] {
        let Self {
            bookable_rate,
            total_rate,
            total_rate_inclusive,
            ..
        } = *self;
        [
            (1, bookable_rate),
            (2, total_rate),
            (3, total_rate_inclusive),
        ]
    }

    fn texts(&self) -> [(u32, &str); 3] {
        [
            (4, self.code),
            (5, self.currency),
            (6, self.room_description),
        ]
    }

    fn encoded_len(&self) -> usize {
        let rates = self.rates().into_iter().filter(|(_, rate)| is_said(*rate));
        let texts = self
            .texts()
            .into_iter()
            .map(|(_, text)| bytes_len(text.as_bytes()));
        rates.count() * (1 + size_of::<f64>()) + texts.sum::<usize>()
    }

    fn put(&self, buffer: &mut BytesMut) {
        for (tag, rate) in self.rates() {
            if is_said(rate) {
                encode_key(tag, WireType::SixtyFourBit, buffer);
                buffer.put_f64_le(rate);
            }
        }
        for (tag, text) in self.texts() {
            put_bytes(tag, text.as_bytes(), buffer);
        }
    }
}

/// Whether a number is on the wire at all: 0 is what is not there.
fn is_said(rate: f64) -> bool {
    rate != 0.0
}
