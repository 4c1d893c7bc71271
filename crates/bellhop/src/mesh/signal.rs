//! When to stop.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the next SIGTERM or Ctrl-C.
///
/// # Errors
/// When the system lets nobody listen.
#[cfg(unix)]
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves at the next Ctrl-C.
///
/// # Errors
/// When the system lets nobody listen.
#[cfg(not(unix))]
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
