//! The router as a client meets it, over services in memory.

mod degraded;
mod faults;
mod hotels;
mod limits;
mod page;
mod readiness;
mod support;
