//! Hotels as one writes it who has no mesh and does not count allocations: the types that prost generates, tonic's clients and servers,
//! axum, and serde's derived serialization.
//!
//! It gives the same answer to the byte. What is not part of being called is ours: the index of geo, the prices of rate.

pub(crate) mod frontend;
pub(crate) mod geo;
pub(crate) mod profile;
pub(crate) mod rate;
pub(crate) mod search;

/// The generated types, by package.
#[allow(unreachable_pub)]
mod proto {
    pub(super) mod geo {
        tonic::include_proto!("geo");
    }
    pub(super) mod rate {
        tonic::include_proto!("rate");
    }
    pub(super) mod profile {
        tonic::include_proto!("profile");
    }
    pub(super) mod search {
        tonic::include_proto!("search");
    }
}
