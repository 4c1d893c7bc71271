//! Hotels: the geo service, which knows where hotels are.
//!
//! [`Index`] holds `geo.json`, or `geo.bin` for many, and finds the nearest hotels; [`Geo`] answers `geo.Geo/Nearby` from it.

mod ids;
mod index;
mod load;
mod packed;
mod serve;
mod service;
mod sphere;
mod tree;

pub use self::{
    index::{Index, Near},
    packed::{Place, order, write},
    serve::{NAME, serve},
    service::{Geo, service},
};
