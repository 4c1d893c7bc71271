//! Servers: whom they work for, how long, and how they leave.

mod connections;
#[path = "../../../crates/bellhop/tests/support/dropped.rs"]
mod dropped;
mod giving_up;
mod in_memory;
mod leaving;
mod limits;
mod overload;
mod refusals;
mod spread;
mod stage;
mod streams;
mod trust;
mod turns;
