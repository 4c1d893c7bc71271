//! What is known of a call when it begins.

use std::net::SocketAddr;

use http::{Method, Version};

/// A gRPC call that came in.
#[derive(Clone, Copy, Debug)]
pub struct ServerCall<'a> {
    /// The path of the request, as in `/geo.Geo/Nearby`.
    pub path: &'a str,
    /// The other end of the connection, `None` for a call within the process.
    pub peer: Option<SocketAddr>,
}

/// A gRPC call, or one attempt of it, that goes out.
#[derive(Clone, Copy, Debug)]
pub struct ClientCall<'a> {
    /// The path of the request, as in `/geo.Geo/Nearby`.
    pub path: &'a str,
    /// The service that is asked for by name, as in `geo`.
    pub service: &'a str,
}

/// An HTTP request that came in.
#[derive(Clone, Copy, Debug)]
pub struct HttpCall<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The path, without the query.
    pub path: &'a str,
    /// The query, without the question mark.
    pub query: Option<&'a str>,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Host, and port where it says one, as the client names whom it asks.
    pub authority: Option<&'a str>,
    /// The version of HTTP.
    pub version: Version,
    /// The other end of the connection.
    pub peer: Option<SocketAddr>,
}
