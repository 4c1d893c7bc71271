//! A collector that takes everything and keeps nothing.

use std::{net::SocketAddr, thread};

use axum::{Router, body::Bytes};
use tokio::{net::TcpListener, runtime::Builder};

use crate::Failure;

/// Runs in this process until its end, where nobody counts its CPU time. Where it is.
pub(crate) fn start() -> Result<SocketAddr, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    // It is read to its end, so that the connection can be used again.
    let take = |_: Bytes| async {};
    let app = Router::new().fallback(take);
    thread::spawn(move || runtime.block_on(axum::serve(listener, app).into_future()));
    Ok(address)
}
