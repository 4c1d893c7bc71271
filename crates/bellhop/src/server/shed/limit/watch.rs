//! Whether there is too much to do, while nobody is refused.

use std::time::Duration;

use tokio::time::Instant;

use super::{ACCEPTED, ratio, target};
use crate::server::shed::{floor::Floor, window::Window};

/// A lag that makes a server shed, where it stays for `LAGGING` windows, or fewer where it is longer. A single one never does:
/// the process may have been stopped for a while.
const LAG_ENTER: Duration = Duration::from_millis(200);
const LAGGING: f64 = 3.0;
const LAGGING_AT_ONCE: f64 = LAGGING / 2.0;
/// A window without any measurement confirms the last one, which the next one has been waiting behind.
const LAGGING_ON: f64 = 1.25;
/// So few calls are never too many to begin with.
const FEW: usize = 32;
/// So much more work than before is too much, if there is still more of it.
const MUCH: Duration = Duration::from_millis(100);
/// With less than such a share of the answers of late something stands still, and what has come meanwhile tells nothing.
const STILL: f64 = 0.6;

/// Why there is too much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alarm {
    /// The runtime does not come round.
    Lags,
    /// Calls become slower and more.
    PilesUp,
    /// Most callers have left before they are answered.
    InVain,
}

/// How much there is to do.
#[derive(Debug, Default)]
pub(super) struct Watch {
    lagging: f64,
    slow: Option<Slow>,
    /// Answers a second, of late.
    pace: f64,
    /// Calls in flight when all was well, and how long they took, on average and in seconds.
    usual: usize,
    took: f64,
    /// Calls in flight when the last window ended.
    before: usize,
}

/// Calls are slow, and it is not yet known whether that is ours.
#[derive(Clone, Copy, Debug)]
struct Slow {
    windows: u32,
    in_flight: usize,
}

impl Watch {
    /// How long a call takes when all is well.
    pub(super) fn calm(&self) -> Duration {
        Duration::from_secs_f64(self.took)
    }

    /// What a window tells.
    pub(super) fn alarm(
        &mut self,
        now: Instant,
        window: &Window,
        in_flight: usize,
        latency: &mut Floor,
        excused: Option<Duration>,
    ) -> Option<Alarm> {
        let lags = self.lags(window, in_flight, excused);
        let piles_up = self.piles_up(now, window, in_flight, latency);
        self.note(now, window, in_flight);
        let in_vain = window.is_in_vain() && in_flight > FEW;
        let alarm = if piles_up {
            Alarm::PilesUp
        } else if lags {
            Alarm::Lags
        } else if in_vain {
            Alarm::InVain
        } else {
            return None;
        };
        (self.lagging, self.slow) = (0.0, None);
        Some(alarm)
    }

    fn lags(&mut self, window: &Window, in_flight: usize, excused: Option<Duration>) -> bool {
        let enter = excused.map_or(LAG_ENTER, |lag| LAG_ENTER.max(2 * lag));
        let long = window.lag().filter(|lag| *lag >= enter);
        self.lagging = match long {
            // A burst goes away by itself.
            _ if window.drains(in_flight) && (long.is_some() || !window.has_lag()) => self.lagging,
            _ if !window.has_lag() => self.lagging * LAGGING_ON,
            Some(lag) => self.lagging + ratio(lag, enter).min(LAGGING_AT_ONCE),
            None => 0.0,
        };
        self.lagging >= LAGGING
    }

    /// Whether calls are slow and become more: either from one window to the next, or for as long as they have been slow.
    fn piles_up(
        &mut self,
        now: Instant,
        window: &Window,
        in_flight: usize,
        latency: &mut Floor,
    ) -> bool {
        let Some(took) = window.latency else {
            return false;
        };
        if latency.get().is_none_or(|floor| took <= target(floor)) {
            self.slow = None;
            latency.note(now, took);
            return false;
        }
        let first = Slow {
            windows: 0,
            in_flight,
        };
        let slow = self.slow.get_or_insert(first);
        slow.windows += 1;
        let slow = *slow;
        let much = self.calls(MUCH);
        let at_once = !self.stands_still(now, window)
            && self.is_much(in_flight)
            && in_flight > self.before + much / 2;
        if slow.windows >= ACCEPTED && in_flight <= slow.in_flight + self.calls(MUCH / 4) {
            self.slow = None;
            latency.set(now, took);
        }
        at_once || in_flight > 2 * slow.in_flight + much
    }

    fn note(&mut self, now: Instant, window: &Window, in_flight: usize) {
        if self.stands_still(now, window) {
            self.usual = in_flight;
        } else if self.slow.is_none() && self.lagging == 0.0 {
            self.usual = window.least;
            self.took += (window.mean() - self.took) / 4.0;
        }
        let throughput = window.throughput(now);
        let weight = if throughput > self.pace { 2.0 } else { 8.0 };
        self.pace += (throughput - self.pace) / weight;
        self.before = in_flight;
    }

    /// Whether so many are in flight that it should soon be known why.
    pub(super) fn is_much(&self, in_flight: usize) -> bool {
        in_flight > 2 * self.usual + self.calls(MUCH)
    }

    fn stands_still(&self, now: Instant, window: &Window) -> bool {
        window.throughput(now) < STILL * self.pace
    }

    /// Calls that are so much work.
    fn calls(&self, work: Duration) -> usize {
        FEW.max((self.pace * work.as_secs_f64()) as usize)
    }
}
