//! A circuit breaker for each instance, and how many of them may be out of turn.
//!
//! A [`Breaker`] stands between the balancer and the connections to one instance; all shards of a process share it. It is
//! closed while calls go well, open when they do not, and half-open while one probe is on its way. Who is let through holds a
//! [`Ticket`] to the end of the answer. [`decide`] says who stays in turn where too many are open.
//!
//! A closed breaker costs a call a load and an addition, both relaxed; the clock is read once, for the call's ticket.

mod circuit;
mod floor;
mod outcome;
mod seen;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod ticket;
mod window;

mod atomic {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
}

pub(crate) use circuit::{Change, Trouble};
pub(crate) use floor::{Candidate, Decision, decide, floor, last_resort};
pub(crate) use outcome::Outcome;
pub use seen::BreakerState;
pub(crate) use settings::Settings;
pub(crate) use ticket::{Breaker, Gate, Observer, Ticket, overtaken};
