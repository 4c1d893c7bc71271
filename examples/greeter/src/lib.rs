//! A greeter server and client on Bellhop, to copy.

/// Package `greeter`.
#[allow(missing_docs)]
pub mod proto {
    tonic::include_proto!("greeter");
}
