//! Hotels: the geo service, which knows where hotels are.
//!
//! [`Index`] holds `geo.json` and finds the nearest hotels; [`Geo`] answers `geo.Geo/Nearby` from it.

mod index;
mod load;
mod serve;
mod service;
mod sphere;

pub use self::{
    index::{Index, Near},
    serve::{NAME, serve},
    service::{Geo, service},
};
