//! A port of the member's own for whoever looks after it: how it is, whom it calls, what it was told.
//!
//! It runs beside the work of the mesh, away from the shards, and is the last to go when the member leaves. Nothing that is
//! asked there costs calls anything but the reading of what they have counted.

pub(crate) mod faults;
mod guard;
mod log_filter;
mod log_level;
mod pages;
mod reply;
mod server;
mod settings;
mod site;
mod spans;
mod tasks;

use std::net::SocketAddr;

pub use self::log_filter::{BadFilter, LogFilter};
pub(crate) use self::{
    guard::Guard,
    server::{Admin, Bound},
    settings::Settings,
    site::Site,
};
use crate::registration::HostPort;

/// Under which name the address stands in the metadata of a registration.
pub(crate) const META: &str = "bellhop-admin";

/// The address to tell others: the one bound, and the advertised host where that is every address of the host.
pub(crate) fn told(bound: SocketAddr, advertised: &HostPort) -> String {
    let mut address = HostPort::from(bound);
    if bound.ip().is_unspecified() {
        address.host.clone_from(&advertised.host);
    }
    address.to_string()
}
