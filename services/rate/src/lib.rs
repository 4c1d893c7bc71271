//! Hotels: the rate service, which knows what a stay costs.
//!
//! [`Inventory`] holds `inventory.json`, or reads `inventory.bin` as it is asked, and prices a stay in whole cents; [`Rate`] answers `rate.Rate/GetRates` from it.

mod calendar;
mod hotel;
mod inventory;
mod load;
mod money;
mod packed;
mod record;
mod serve;
mod service;

pub use self::{
    inventory::{Inventory, Quote},
    money::Cents,
    packed::{Offer, Period, Room, Season, write},
    serve::{NAME, serve},
    service::{Rate, service},
};
