//! Rate limits: who may ask how often, and what the rest is told.
//!
//! - [`Rate`]: so many a second and so many at once, as in `50:100`;
//! - [`ClientAddress`] and [`TrustedProxies`]: whom an HTTP request comes from;
//! - [`ClientLimiter`]: the limit per client address, and its tower layer;
//! - [`retry_after`] and [`set_retry_after`]: when a service that refused a call wants to be asked again.
//!
//! The algorithm is the generic cell rate algorithm, by `governor`: a bucket is one number, and how long to wait is exact.

mod bounded;
mod client_address;
mod client_limiter;
mod clock;
mod layer;
mod limiter;
mod pushback;
mod rate;
mod service;
mod trusted_proxies;
mod turns;

pub use self::{
    client_address::ClientAddress,
    client_limiter::ClientLimiter,
    layer::ClientLimitLayer,
    limiter::TooMany,
    pushback::{retry_after, set_retry_after},
    rate::{NoRate, Rate},
    service::{ClientLimit, ResponseFuture},
    trusted_proxies::{NoNetworks, TrustedProxies},
};
pub(crate) use self::{
    client_limiter::BehindProxy,
    clock::TokioClock,
    limiter::Limiter,
    pushback::{CALLER, OVERLOAD, REFUSED, TOO_OFTEN, UPSTREAM},
    rate::rate_or_off,
    turns::Turns,
};
