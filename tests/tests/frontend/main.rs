//! The router as a client meets it, over services in memory.

mod faults;
mod hotels;
mod page;
mod readiness;
mod support;
