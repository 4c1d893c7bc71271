//! Asks for more instances than a subset has, where none of it can be reached.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{balance::Shard, discovery::Width};

/// For so long a request finds nobody: less than it waits by default, more than it takes to connect.
const ALONE: Duration = Duration::from_millis(300);

/// For so long no request may have found nobody.
const CALM: Duration = Duration::from_secs(600);

/// Watches over a shard, for ever.
pub(super) async fn widen<K, S>(shard: Shard<K, S>, width: Width) {
    loop {
        if timeout(CALM, shard.wanted()).await.is_err() {
            width.narrow();
            continue;
        }
        sleep(ALONE).await;
        if shard.is_empty() {
            width.widen();
        }
    }
}
