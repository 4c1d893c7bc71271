//! Hotels end to end: the whole system over real sockets.
//!
//! What the tests share: registries to run against, processes to start and stop, a client, a
//! server that counts, and a receiver of spans.

mod both;
mod client;
mod counted;
mod load;
mod metrics;
mod otlp;
mod process;
mod program;
mod raw;
mod registry;
mod system;
mod wait;

pub use self::{
    client::{Answer, Client},
    counted::Counted,
    load::Load,
    metrics::{Sample, samples, total},
    otlp::{Receiver, Span},
    process::{Launch, Log, Process},
    program::{Program, Source},
    raw::Raw,
    registry::{Registry, free_ports},
    system::System,
    wait::{PATIENCE, until},
};
