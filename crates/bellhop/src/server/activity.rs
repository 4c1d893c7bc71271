//! Whether callers still come, so that a draining member knows when they have gone elsewhere.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::{sleep, timeout};

/// Counts the calls of callers; the checks of a registry are none.
#[derive(Debug, Default)]
pub(crate) struct Activity(AtomicU64);

impl Activity {
    /// A caller has come.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until nobody has come for `quiet`, at most `bound`. Whether it became quiet.
    pub(crate) async fn quiet(&self, quiet: Duration, bound: Duration) -> bool {
        let quieten = async {
            let mut seen = self.0.load(Ordering::Relaxed);
            loop {
                sleep(quiet).await;
                let now = self.0.load(Ordering::Relaxed);
                if now == seen {
                    return;
                }
                seen = now;
            }
        };
        timeout(bound, quieten).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::dropped::at_every_await;

    const QUIET: Duration = Duration::from_millis(100);
    const BOUND: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn nobody_there_is_quiet_after_one_interval() {
        let start = Instant::now();
        assert!(Activity::default().quiet(QUIET, BOUND).await);
        assert_eq!(start.elapsed(), QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn callers_that_never_stop_are_not_waited_for_for_ever() {
        let activity = Arc::new(Activity::default());
        let caller = activity.clone();
        let load = tokio::spawn(async move {
            loop {
                caller.count();
                sleep(Duration::from_millis(10)).await;
            }
        });
        let start = Instant::now();
        assert!(!activity.quiet(QUIET, BOUND).await);
        assert_eq!(start.elapsed(), BOUND);
        load.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_leaves_the_count_to_the_next() {
        let activity = Activity::default();
        let waits = at_every_await(async |lifetime| {
            activity.count();
            let quiet = lifetime.run(activity.quiet(QUIET, BOUND)).await;
            let start = Instant::now();
            assert!(activity.quiet(QUIET, BOUND).await);
            assert_eq!(start.elapsed(), QUIET);
            quiet.is_some()
        })
        .await;
        assert_eq!(waits, 1);
    }
}
