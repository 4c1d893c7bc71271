//! Whether callers still come, so that a draining member knows when they have gone elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::{sleep, timeout};

/// Counts the calls of callers to one worker; the checks of a registry are none.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    begun: AtomicU64,
    /// When the last one began, in milliseconds since 1970.
    last: AtomicU64,
    in_flight: AtomicUsize,
}

/// A call that is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

/// The activity of all workers. Each counts for itself: what calls count is not shared between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activities(Vec<Arc<Activity>>);

impl Activity {
    /// A caller has come.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis() as u64;
        self.last.store(now, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Activities {
    /// That of one more worker.
    pub(crate) fn add(&mut self) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        self.0.push(activity.clone());
        activity
    }

    /// Calls so far.
    pub(crate) fn begun(&self) -> u64 {
        let each = self.0.iter();
        each.map(|worker| worker.begun.load(Ordering::Relaxed))
            .sum()
    }

    /// When the last call began; `None` before the first.
    pub(crate) fn last(&self) -> Option<SystemTime> {
        let each = self.0.iter();
        let last = each.map(|worker| worker.last.load(Ordering::Relaxed)).max();
        let last = last.filter(|last| *last > 0)?;
        Some(UNIX_EPOCH + Duration::from_millis(last))
    }

    /// Calls that are being answered.
    pub(crate) fn in_flight(&self) -> usize {
        let each = self.0.iter();
        each.map(|worker| worker.in_flight.load(Ordering::Relaxed))
            .sum()
    }

    /// Waits until nobody has come for `quiet`, at most `bound`. Whether it became quiet.
    pub(crate) async fn quiet(&self, quiet: Duration, bound: Duration) -> bool {
        let quieten = async {
            let mut seen = self.begun();
            loop {
                sleep(quiet).await;
                let now = self.begun();
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
    use tokio::time::Instant;

    use super::*;
    use crate::dropped::at_every_await;

    const QUIET: Duration = Duration::from_millis(100);
    const BOUND: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn nobody_there_is_quiet_after_one_interval() {
        let start = Instant::now();
        assert!(Activities::default().quiet(QUIET, BOUND).await);
        assert_eq!(start.elapsed(), QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn callers_of_any_worker_that_never_stop_are_not_waited_for_for_ever() {
        let mut all = Activities::default();
        all.add();
        let busy = all.add();
        let load = tokio::spawn(async move {
            loop {
                drop(busy.begin());
                sleep(Duration::from_millis(10)).await;
            }
        });
        let start = Instant::now();
        assert!(!all.quiet(QUIET, BOUND).await);
        assert_eq!(start.elapsed(), BOUND);
        load.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_leaves_the_count_to_the_next() {
        let mut all = Activities::default();
        let worker = all.add();
        let waits = at_every_await(async |lifetime| {
            drop(worker.begin());
            let quiet = lifetime.run(all.quiet(QUIET, BOUND)).await;
            let start = Instant::now();
            assert!(all.quiet(QUIET, BOUND).await);
            assert_eq!(start.elapsed(), QUIET);
            quiet.is_some()
        })
        .await;
        assert_eq!(waits, 1);
    }

    #[test]
    fn a_call_is_in_flight_until_it_is_let_go() {
        let mut all = Activities::default();
        let (one, other) = (all.add(), all.add());
        assert_eq!(all.last(), None);
        let calls = [one.begin(), one.begin(), other.begin()];
        assert_eq!((all.in_flight(), all.begun()), (3, 3));
        assert!(all.last().is_some_and(|last| last <= SystemTime::now()));
        drop(calls);
        assert_eq!((all.in_flight(), all.begun()), (0, 3));
    }
}
