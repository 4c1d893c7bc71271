//! Hotels: the rate service, which knows what a stay costs.
//!
//! [`Inventory`] holds `inventory.json` and prices a stay in whole cents; [`Rate`] answers `rate.Rate/GetRates` from it.

mod calendar;
mod hotel;
mod inventory;
mod load;
mod money;
mod record;
mod serve;
mod service;

pub use self::{
    inventory::{Inventory, Quote},
    money::Cents,
    serve::{NAME, serve},
    service::{Rate, service},
};
