//! What a service needs of its way to another.

use bytes::Bytes;
use http_body::Body as HttpBody;
use tonic::{body::Body, client::GrpcService};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A gRPC channel that can be cloned for each call: one of the mesh, a plain one of tonic's, or a server in memory.
///
/// Whatever fits is one; nobody implements it by hand.
pub trait Channel:
    GrpcService<
        Body,
        Future: Send,
        Error: Into<BoxError> + Send,
        ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<C> Channel for C where
    C: GrpcService<
            Body,
            Future: Send,
            Error: Into<BoxError> + Send,
            ResponseBody: HttpBody<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}
