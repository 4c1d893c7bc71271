//! Channels over real sockets, with tonic's own servers at the other end.

mod changes;
mod deadlines;
mod failures;
mod nobody;
#[path = "../servers/mod.rs"]
mod servers;
mod support;
mod turns;
