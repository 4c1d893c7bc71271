//! The rooms of one hotel, and what they cost.

use hotel_proto::stay::Stay;

use crate::{
    calendar::{Night, Once, Period, Yearly},
    inventory::Quote,
    money::Cents,
};

/// A hotel whose numbers have been checked. `S` are its texts: its own, or those of the record that it was read from.
#[derive(Debug)]
pub(crate) struct Hotel<S = Box<str>> {
    /// Of the rate plan.
    pub(crate) code: S,
    pub(crate) currency: S,
    pub(crate) tax_basis_points: u16,
    /// The nights that have a price.
    pub(crate) priced: Once,
    /// Without overlaps.
    pub(crate) seasons: Vec<Season>,
    /// When no room at all is free.
    pub(crate) sold_out: Vec<Period>,
    pub(crate) rooms: Vec<Room<S>>,
}

/// A part of the year in which prices are a share of the usual.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Season {
    pub(crate) days: Yearly,
    pub(crate) percent: u16,
}

/// A type of room.
#[derive(Debug)]
pub(crate) struct Room<S> {
    pub(crate) code: S,
    pub(crate) description: S,
    pub(crate) weekday: Cents,
    pub(crate) weekend: Cents,
    pub(crate) sold_out: Vec<Period>,
}

impl<S: AsRef<str>> Hotel<S> {
    /// The price of the cheapest type of room that is free on all the nights; of equals, the first.
    pub(crate) fn quote(&self, stay: Stay, nights: &[Night]) -> Option<Quote<'_>> {
        let open = nights.iter().all(|night| self.priced.contains(night.date));
        if !open || any_sold_out(&self.sold_out, nights) {
            return None;
        }
        self.rooms
            .iter()
            .filter(|room| !any_sold_out(&room.sold_out, nights))
            .map(|room| (self.total(room, nights), room))
            .min_by_key(|(total, _)| *total)
            .map(|(total, room)| Quote {
                code: self.code.as_ref(),
                currency: self.currency.as_ref(),
                room_code: room.code.as_ref(),
                room: room.description.as_ref(),
                nightly: total.share(stay.count()),
                total,
                // Tax is due on the bill as a whole, so it is rounded once and not night by night.
                total_inclusive: total + total.tax(self.tax_basis_points),
            })
    }

    fn total(&self, room: &Room<S>, nights: &[Night]) -> Cents {
        nights.iter().map(|night| self.price(room, night)).sum()
    }

    fn price(&self, room: &Room<S>, night: &Night) -> Cents {
        let usual = if night.weekend {
            room.weekend
        } else {
            room.weekday
        };
        match self
            .seasons
            .iter()
            .find(|season| season.days.contains(night.day))
        {
            Some(season) => usual.percent(season.percent),
            None => usual,
        }
    }
}

fn any_sold_out(periods: &[Period], nights: &[Night]) -> bool {
    periods
        .iter()
        .any(|period| nights.iter().any(|night| period.contains(*night)))
}
