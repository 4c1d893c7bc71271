//! Channels over real sockets, with tonic's own servers at the other end.

mod changes;
mod deadlines;
mod failures;
mod nobody;
#[allow(dead_code, reason = "each test takes what it needs of the servers")]
#[path = "../servers/mod.rs"]
mod servers;
mod subset;
mod support;
mod turns;
