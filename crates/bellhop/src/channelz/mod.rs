//! `grpc.channelz.v1`, so that gRPC's own tools can look inside a member.
//!
//! Channels are the services that it calls, subchannels their instances, sockets the connections to them; the one server is
//! the member itself. Nothing is kept for it: each answer is made of what the member knows at that moment.

mod ids;
mod page;
mod service;
mod settings;
mod view;

/// What is on the wire.
// Generated: what it calls public is for this module alone.
#[allow(missing_docs, unreachable_pub)]
mod proto {
    tonic::include_proto!("grpc.channelz.v1");
}

pub(crate) use self::{service::Channelz, settings::Settings};

/// For reflection.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/channelz.bin"));
