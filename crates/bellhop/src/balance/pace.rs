//! How often a large ring is made anew.
//!
//! What picks read is made anew for all members at each change of one. That takes microseconds, but where thousands come at the same
//! time, all of them would wait for it as often as they are many.

use std::{mem, sync::Weak, time::Duration};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

/// Up to so many members each change is seen at once.
const FEW: usize = 256;
/// Beyond, no more than one part in so many of the time goes into making the ring anew.
const SHARE: u32 = 5;
/// No change waits for longer, however long the last one took: the thread may have been away meanwhile.
const REST_MAX: Duration = Duration::from_millis(100);

/// When the next change may be seen.
#[derive(Debug, Default)]
pub(super) struct Pace {
    rests_until: Option<Instant>,
    /// Whether something has changed that is not seen yet.
    stale: bool,
    /// Whether somebody sees to it.
    awaited: bool,
}

/// What a change of the members asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// The ring is to be made anew.
    Now,
    /// Somebody has to see to it at this time.
    At(Instant),
    /// Somebody does.
    Nothing,
}

impl Pace {
    /// One of so many members has changed, or come or gone.
    pub(super) fn changed(&mut self, members: usize, now: Instant) -> Todo {
        let Some(end) = self.rests_until.filter(|end| members > FEW && now < *end) else {
            return Todo::Now;
        };
        self.stale = true;
        match mem::replace(&mut self.awaited, true) {
            true => Todo::Nothing,
            false => Todo::At(end),
        }
    }

    /// The ring was made anew, which took from `began` to `now`.
    pub(super) fn made(&mut self, began: Instant, now: Instant) {
        let took = now.saturating_duration_since(began);
        let rest = took.saturating_mul(SHARE - 1).min(REST_MAX);
        self.rests_until = now.checked_add(rest);
        self.stale = false;
    }

    /// Whoever was to see to it does. Whether there still is something to see to.
    pub(super) fn resumed(&mut self) -> bool {
        self.awaited = false;
        self.stale
    }
}

/// A ring that can be told to see to what has changed.
pub(super) trait CatchUp: Send + Sync {
    /// Makes it anew, unless that was done meanwhile.
    fn catch_up(&self);
}

/// Sees to it when it is dropped: at its time, or when the runtime that it is on ends.
pub(super) struct Later(pub(super) Weak<dyn CatchUp>);

impl Later {
    /// Waits on the runtime that this is called on; where there is none, the time is now.
    pub(super) fn at(self, time: Instant) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                sleep_until(time).await;
                drop(self);
            });
        }
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        if let Some(ring) = self.0.upgrade() {
            ring.catch_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = FEW + 1;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn few_never_wait() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.made(start, start + ms(5));
        assert_eq!(pace.changed(FEW, start + ms(5)), Todo::Now);
    }

    #[test]
    fn many_are_seen_together_after_four_times_what_the_last_took() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        assert_eq!(pace.changed(MANY, start), Todo::Now);
        pace.made(start, start + ms(5));
        let end = start + ms(25);
        assert_eq!(pace.changed(MANY, start + ms(5)), Todo::At(end));
        assert_eq!(pace.changed(MANY, start + ms(24)), Todo::Nothing);
        assert!(pace.resumed(), "nobody has seen to it");
        pace.made(end, end + ms(1));
        assert_eq!(pace.changed(MANY, end + ms(5)), Todo::Now);
    }

    #[test]
    fn nobody_waits_for_long() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let end = start + ms(3_600_000);
        pace.made(start, end);
        assert_eq!(pace.changed(MANY, end), Todo::At(end + REST_MAX));
        assert_eq!(pace.changed(MANY, end + REST_MAX), Todo::Now);
    }

    #[test]
    fn what_was_seen_meanwhile_is_not_seen_to_again() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.made(start, start + ms(5));
        assert_eq!(pace.changed(MANY, start + ms(6)), Todo::At(start + ms(25)));
        assert_eq!(pace.changed(MANY, start + ms(25)), Todo::Now);
        pace.made(start + ms(25), start + ms(26));
        assert_eq!(
            pace.changed(MANY, start + ms(26)),
            Todo::Nothing,
            "one is still to come"
        );
        pace.made(start + ms(30), start + ms(31));
        assert!(!pace.resumed());
    }
}
