//! Waiting for what must become true.

use std::{future::Future, time::Duration};

use tokio::time::{sleep, timeout};

/// Far beyond what anything here takes: only a hang runs into it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a future that must end.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what}: still waiting"))
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    soon(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}
