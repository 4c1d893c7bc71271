//! The bounds of HTTP/1 and HTTP/2 connections.

use std::time::Duration;

use h2::server;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};

use super::head::HeadTimer;
use crate::http2::served::Pings;

const MAX_CONCURRENT_STREAMS: u32 = 1024;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
const MAX_HTTP1_BYTES: usize = 64 * 1024;
/// Of one stream, while its reader is slow: more waits in the handler.
const MAX_SEND_BUFFER: usize = 256 * 1024;
/// Streams that their callers reset before anybody has looked at them. A flood of resets ends the connection.
const MAX_PENDING_RESETS: usize = 20;
/// Streams that were reset for their caller's mistakes.
const MAX_ERROR_RESETS: usize = 256;
/// As many bytes of one request may be under way before its handler reads them, and of all requests on a connection.
const WINDOW: u32 = 1024 * 1024;
/// Of a connection that may well be idle: who is gone without a word is not kept for ever.
pub(super) const PINGS: Pings = Pings {
    interval: Duration::from_secs(20),
    timeout: Duration::from_secs(10),
};

/// Over HTTP/2, whatever the connection begins with.
pub(super) fn grpc() -> server::Builder {
    let mut builder = server::Builder::new();
    builder
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_send_buffer_size(MAX_SEND_BUFFER)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(Some(MAX_ERROR_RESETS));
    builder
}

/// Over HTTP/1 or HTTP/2, as the connection begins.
pub(super) fn http(heads: HeadTimer) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Which bounds hold is up to the timer.
        .header_read_timeout(heads.header())
        .timer(heads)
        .max_buf_size(MAX_HTTP1_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_ERROR_RESETS)
        .keep_alive_interval(PINGS.interval)
        .keep_alive_timeout(PINGS.timeout);
    builder
}
