//! Hotels: the profile service, which knows what hotels are like.
//!
//! [`Catalogue`] holds `hotels.json` in English and the translations of `locales.json`; [`Profile`] answers
//! `profile.Profile/GetProfiles` from it.

mod catalogue;
mod load;
mod record;
mod serve;
mod service;

pub use self::{
    catalogue::Catalogue,
    serve::{NAME, serve},
    service::{Profile, service},
};
