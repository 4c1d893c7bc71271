//! What every hotel sells.

use std::collections::HashMap;

use hotel_proto::stay::Stay;

use crate::{
    calendar::{self, Night},
    hotel::Hotel,
    money::Cents,
};

/// The rooms and prices of all hotels.
#[derive(Debug, Default)]
pub struct Inventory {
    hotels: HashMap<Box<str>, Hotel>,
}

/// What a stay in one hotel costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Of the rate plan.
    pub code: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
    /// Of the type of room.
    pub room_code: &'a str,
    /// The type of room in words.
    pub room: &'a str,
    /// The average night before tax, rounded to a cent.
    pub nightly: Cents,
    /// The whole stay before tax.
    pub total: Cents,
    /// The whole stay with tax.
    pub total_inclusive: Cents,
}

impl Inventory {
    /// How many hotels sell rooms.
    pub fn len(&self) -> usize {
        self.hotels.len()
    }

    /// Whether no hotel sells any.
    pub fn is_empty(&self) -> bool {
        self.hotels.is_empty()
    }

    /// The best rate of each of the hotels for a stay, in the order asked for; a hotel without one is left out.
    pub fn quotes<'a, I>(
        &'a self,
        hotels: I,
        stay: Stay,
    ) -> impl Iterator<Item = (&'a str, Quote<'a>)>
    where
        I: IntoIterator<Item: AsRef<str>> + 'a,
    {
        let nights: Vec<Night> = calendar::nights(stay);
        hotels.into_iter().filter_map(move |id| {
            let (id, hotel) = self.hotels.get_key_value(id.as_ref())?;
            Some((&**id, hotel.quote(stay, &nights)?))
        })
    }

    /// Adds a hotel, unless the id is taken.
    pub(crate) fn insert(&mut self, id: Box<str>, hotel: Hotel) -> bool {
        use std::collections::hash_map::Entry;

        match self.hotels.entry(id) {
            Entry::Occupied(_) => false,
            Entry::Vacant(free) => {
                free.insert(hotel);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests;
