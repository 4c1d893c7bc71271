//! All that is broken.

mod bad_input;
mod clients;
mod consul_behind;
mod consul_empty;
mod consul_fails;
mod consul_killed;
mod consul_unreachable;
mod cut_network;
mod down;
mod faulty;
mod flaky;
mod hang;
mod kill_one;
mod kill_two;
mod overload;
mod rolling;
mod scale;
mod slow;
mod usage;

use futures_util::future::BoxFuture;

use crate::{Failure, Report, Suite};

/// Something to break, and the rule that must hold meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// In one line.
    pub(crate) about: &'static str,
    pub(crate) run: fn(Suite) -> BoxFuture<'static, Result<Report, Failure>>,
}

/// In the order in which they run.
pub(crate) const ALL: &[Case] = &[
    rolling::CASE,
    kill_one::CASE,
    kill_two::CASE,
    hang::CASE,
    slow::CASE,
    flaky::CASE,
    cut_network::LEAVES,
    cut_network::SEARCH,
    down::RATE,
    down::OTHERS,
    consul_killed::CASE,
    consul_empty::CASE,
    consul_behind::RESTARTED,
    consul_behind::RESTORED,
    consul_unreachable::CALLERS,
    consul_unreachable::SERVED,
    consul_fails::CASE,
    scale::CASE,
    overload::SERVER,
    overload::PROCESSOR,
    overload::SYSTEM,
    clients::DISCONNECTING,
    clients::SLOW,
    clients::SLOW_READERS,
    bad_input::HTTP,
    bad_input::GRPC,
    bad_input::CONSUL,
];
