//! Deadlines: how they travel, and how they are kept.

mod lease;
mod timeout;
mod timer;

pub(crate) use lease::{Expire, Lease};
pub(crate) use timeout::{GRPC_TIMEOUT, format_timeout, parse_timeout};
pub(crate) use timer::Timer;
