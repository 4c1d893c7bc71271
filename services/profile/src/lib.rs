//! Hotels: the profile service, which knows what hotels are like.
//!
//! [`Catalogue`] holds `hotels.json` in English and the translations of `locales.json`, or reads `hotels.bin` as it is asked; [`Profile`] answers
//! `profile.Profile/GetProfiles` from it.

mod catalogue;
mod load;
mod packed;
mod record;
mod serve;
mod service;

pub use self::{
    catalogue::Catalogue,
    packed::write,
    serve::{NAME, serve},
    service::{Profile, service},
};
