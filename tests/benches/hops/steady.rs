//! A steady load: each call is due at a time of its own, whether or not those before it have been answered.
//!
//! How late an answer is counts from when its call was due. A call that had to wait for others to end, or for whoever measures, is
//! as late as it would be for somebody who asks on their own: nothing is left out (the "coordinated omission" of a load that
//! waits for its answers).

use std::{
    str::FromStr,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use crate::{Failure, sorted::Sorted};

/// How much of it.
#[derive(Clone, Copy)]
pub(crate) struct Steady {
    /// Calls in a second.
    pub(crate) rate: f64,
    pub(crate) time: Duration,
}

/// How late answers were, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Late {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p99_9: f64,
}

/// When each call is due.
pub(crate) struct Schedule {
    begin: Instant,
    gap: Duration,
    calls: usize,
    taken: AtomicUsize,
    /// As many as are due and not taken.
    due: Semaphore,
}

impl Schedule {
    /// From now on.
    pub(crate) fn new(Steady { rate, time }: Steady) -> Self {
        Self {
            begin: Instant::now(),
            gap: Duration::from_secs_f64(1.0 / rate),
            calls: (rate * time.as_secs_f64()).ceil() as usize,
            taken: AtomicUsize::new(0),
            due: Semaphore::new(0),
        }
    }

    /// Lets so many callers know of calls when they are due, until the last has been. It sleeps on the thread that it is called on:
    /// timers of a runtime are a millisecond apart.
    pub(crate) fn pace(&self, callers: usize) {
        let mut told = 0;
        while told < self.calls {
            thread::sleep(self.due(told).saturating_duration_since(Instant::now()));
            // A sleep ends late, and others are due by then.
            let gone = self.begin.elapsed().as_secs_f64() / self.gap.as_secs_f64();
            let due = (gone as usize + 1).clamp(told + 1, self.calls);
            self.due.add_permits(due - told);
            told = due;
        }
        // They find nothing, and end.
        self.due.add_permits(callers);
    }

    /// Waits for the next call: when it was due. `None` after the last.
    pub(crate) async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let call = self.taken.fetch_add(1, Ordering::Relaxed);
        (call < self.calls).then(|| self.due(call))
    }

    fn due(&self, call: usize) -> Instant {
        self.begin + self.gap.mul_f64(call as f64)
    }
}

impl Late {
    pub(crate) fn of(times: Vec<Duration>) -> Self {
        let times = Sorted::new(times);
        Self {
            p50: times.micros(500),
            p99: times.micros(990),
            p99_9: times.micros(999),
        }
    }

    /// As one process tells another.
    pub(crate) fn told(self) -> String {
        format!("{} {} {}", self.p50, self.p99, self.p99_9)
    }
}

impl FromStr for Late {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let figures: Vec<f64> = text.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        match figures[..] {
            [p50, p99, p99_9] => Ok(Self { p50, p99, p99_9 }),
            _ => Err(format!("three figures were expected: {text}").into()),
        }
    }
}
