//! Hotels: the search service, which finds the hotels around a point that have a rate for a stay.
//!
//! [`Search`] answers `search.Search/Nearby` by asking geo where hotels are and then rate what they cost.

mod degraded;
mod matching;
mod serve;
mod service;

pub use self::{
    serve::{NAME, serve},
    service::{Search, service},
};
