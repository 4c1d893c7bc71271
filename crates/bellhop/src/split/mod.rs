//! Splits of a service's traffic between its versions.
//!
//! A [`Split`] says what share of the calls each version has. It stands in Consul's KV under `bellhop/split/SERVICE`, as in
//! `{"v1":90,"v2":10}`; each process that calls the service watches it there, and its ring walks a cycle of turns that is made
//! from it. With `"sticky": "x-user"` beside the shares, calls that carry such a header go by its value instead.
//!
//! What is decided is apart from how it is learnt: `shares` is what a split says, `rota` the cycle, `sticky` the choice by
//! value, all without sockets and clocks; `watch` asks the registry.

mod forced;
mod rota;
mod settings;
mod shares;
mod sticky;
mod watch;

pub use self::shares::{InvalidSplit, Split};
pub(crate) use self::{
    forced::{FORCE, as_version, force, want},
    rota::Rota,
    settings::Carried,
    shares::MOST_VERSIONS,
    sticky::{key, preferred},
    watch::{Trouble, Watch, Word, watch},
};
