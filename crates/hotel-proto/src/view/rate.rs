//! Rate plans, read where they lie and written at once.

use prost::encoding::WireType;

use super::{
    Encoded, Fields, Reads, Unreadable,
    fields::{bytes_len, key, put_bytes, put_head, with_head},
};

/// A `rate.RatePlan` with its room; what is not there is empty. `S` is what its texts are [read as](super::Reads).
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RatePlan<S> {
    pub hotel_id: S,
    pub code: S,
    pub in_date: S,
    pub out_date: S,
    pub room_type: Option<RoomType<S>>,
}

/// A `rate.RoomType`. `S` is what its texts are [read as](super::Reads).
#[allow(
    missing_docs,
    reason = "the names say all, and those of the proto file more"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoomType<S> {
    pub bookable_rate: f64,
    pub total_rate: f64,
    pub total_rate_inclusive: f64,
    pub code: S,
    pub currency: S,
    pub room_description: S,
}

impl<'a, S: Reads<'a>> RatePlan<S> {
    /// Reads the bytes of one.
    ///
    /// # Errors
    /// Where they are none.
    pub fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut plan = Self::default();
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => plan.hotel_id = value.text()?,
                2 => plan.code = value.text()?,
                3 => plan.in_date = value.text()?,
                4 => plan.out_date = value.text()?,
                5 => plan
                    .room_type
                    .get_or_insert_default()
                    .merge(value.bytes()?)?,
                _ => {}
            }
        }
        Ok(plan)
    }
}

impl RatePlan<&str> {
    /// Adds the bytes of it to a list.
    pub fn push_on<const TAG: u32>(&self, list: &mut Encoded<TAG>) {
        let room = self.room_type.as_ref().map(RoomType::encoded_len);
        let texts = [
            (1, self.hotel_id),
            (2, self.code),
            (3, self.in_date),
            (4, self.out_date),
        ];
        let lengths = texts.iter().map(|(_, text)| bytes_len(text.as_bytes()));
        let buffer = list.begin(lengths.sum::<usize>() + room.map_or(0, with_head));
        for (tag, text) in texts {
            put_bytes(tag, text.as_bytes(), buffer);
        }
        if let (Some(room), Some(length)) = (&self.room_type, room) {
            put_head(5, length, buffer);
            room.put(buffer);
        }
    }
}

impl<'a, S: Reads<'a>> RoomType<S> {
    fn merge(&mut self, message: &'a [u8]) -> Result<(), Unreadable> {
        for field in Fields::of(message) {
            let (tag, value) = field?;
            match tag {
                1 => self.bookable_rate = value.double()?,
                2 => self.total_rate = value.double()?,
                3 => self.total_rate_inclusive = value.double()?,
                4 => self.code = value.text()?,
                5 => self.currency = value.text()?,
                6 => self.room_description = value.text()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl RoomType<&str> {
    fn rates(&self) -> [(u8, f64); 3] {
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

    fn texts(&self) -> [(u8, &str); 3] {
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

    fn put(&self, buffer: &mut Vec<u8>) {
        for (tag, rate) in self.rates() {
            if is_said(rate) {
                buffer.push(key(tag, WireType::SixtyFourBit));
                buffer.extend_from_slice(&rate.to_le_bytes());
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
