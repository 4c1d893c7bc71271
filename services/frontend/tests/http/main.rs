//! The router as a client meets it, over services in memory.

mod faults;
mod hotels;
mod readiness;
mod support;
