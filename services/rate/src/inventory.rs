//! What every hotel sells.

use std::collections::HashMap;

use hotel_proto::{
    data::{DataError, Table},
    stay::Stay,
};

use crate::{
    calendar::{self, Night},
    hotel::Hotel,
    money::Cents,
    packed,
};

/// The rooms and prices of all hotels.
#[derive(Debug, Default)]
pub struct Inventory {
    hotels: HashMap<Box<str>, Hotel>,
    /// Those that are too many for memory, in the place of the others.
    table: Option<Table>,
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
        self.table.as_ref().map_or(self.hotels.len(), Table::len)
    }

    /// Whether no hotel sells any.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells the best rate of each of the hotels for a stay, in the order asked for; a hotel without one is left out.
    ///
    /// # Errors
    ///
    /// When a record cannot be read from a file, or makes no sense.
    pub fn each_quote<I>(
        &self,
        hotels: I,
        stay: Stay,
        mut tell: impl FnMut(&str, Quote<'_>),
    ) -> Result<(), DataError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let nights: Vec<Night> = calendar::nights(stay);
        let Some(table) = &self.table else {
            for id in hotels {
                let id = id.as_ref();
                let hotel = self.hotels.get(id);
                if let Some(quote) = hotel.and_then(|hotel| hotel.quote(stay, &nights)) {
                    tell(id, quote);
                }
            }
            return Ok(());
        };
        let ids: Vec<I::Item> = hotels.into_iter().collect();
        let mut buffer = Vec::new();
        let records = table.records(&ids, &mut buffer)?;
        for (id, record) in ids.iter().map(AsRef::as_ref).zip(records) {
            let Some(record) = record else {
                continue;
            };
            if let Some(quote) = packed::hotel(table, id, record)?.quote(stay, &nights) {
                tell(id, quote);
            }
        }
        Ok(())
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

impl From<Table> for Inventory {
    fn from(table: Table) -> Self {
        Self {
            table: Some(table),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
