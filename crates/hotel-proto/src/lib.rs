//! The contract of Hotels: generated gRPC types, descriptors, and the rules that every service keeps.
//!
//! - [`geo`], [`rate`], [`profile`], [`search`]: one module for each package of `proto/`;
//! - [`view`]: messages that are read where they lie, as the generated types hold some;
//! - [`stay`], [`area`], [`limits`]: what a request may ask for, validated once and then trusted;
//! - [`Invalid`]: the fault of a request, with its map to `INVALID_ARGUMENT`;
//! - [`Channel`]: what a service needs of its way to another;
//! - [`data`]: how a data file is read, and how its faults are told.

pub mod area;
mod channel;
pub mod data;
mod invalid;
pub mod limits;
pub mod stay;
pub mod view;

pub use self::{channel::Channel, invalid::Invalid};

/// Where hotels are: package `geo`.
#[allow(missing_docs, unreachable_pub)]
pub mod geo {
    tonic::include_proto!("geo");
}

/// What a stay costs: package `rate`.
#[allow(missing_docs, unreachable_pub)]
pub mod rate {
    tonic::include_proto!("rate");
}

/// What hotels are like: package `profile`.
#[allow(missing_docs, unreachable_pub)]
pub mod profile {
    tonic::include_proto!("profile");
}

/// Hotels around a point that have a rate for a stay: package `search`.
#[allow(missing_docs, unreachable_pub)]
pub mod search {
    tonic::include_proto!("search");
}

/// All four packages as an encoded `google.protobuf.FileDescriptorSet`, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
