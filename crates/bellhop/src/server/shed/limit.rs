//! How many calls may be in flight.
//!
//! An AIMD limit in the manner of TCP Vegas and of Netflix's `concurrency-limits`, with two signals in place of one:
//!
//! - **lag**: how long the runtime takes to come round. It grows with the work that is ready and with nothing else, so it tells
//!   at once that this process is at its end. WeChat's DAGOR (2018) sheds by queueing time for that reason.
//! - **latency**: how long calls take, over all workers of a member. It also grows where somebody else is slow, who is not
//!   helped by refusals here. So a member that calls others goes by its lag alone. With the rest latency counts only where
//!   calls pile up, and a cut that does not make calls shorter is taken back: the wait is not for us then. A gradient alone, as
//!   in `Gradient2` or in Envoy's adaptive concurrency, would refuse calls whenever a database turns slow.
//!
//! Both are smallest values of a window, as in CoDel (RFC 8289): what stays is a queue, what goes away was a burst. Until a
//! signal rises there is no limit but the largest one, so that a server that is well refuses nobody. And it has to rise far:
//! a thousand callers who each wait for their answer before they ask again make a queue too, but one that does not grow.
//!
//! The first cut goes all the way, by Little's law: as many as are answered within the time that a call may take. Smaller ones
//! would have those wait in vain who come while it is still too many. A queue that nobody is added to is left to drain, and
//! time without a call in flight gives back what was cut: whoever idles could do more.

mod cut;
mod watch;

use std::{mem, time::Duration};

use tokio::time::Instant;
use tracing::{info, warn};

use self::{
    cut::{Cut, Shedding},
    watch::{Alarm, Watch},
};
use super::{Settings, floor::Floor, window::Window};
use crate::context::Voice;

/// The lag that a server keeps while it sheds.
const LAG_TARGET: Duration = Duration::from_millis(5);
/// A call may take twice as long as the shortest of late, and so much longer.
const LATENCY_SLACK: Duration = Duration::from_millis(50);
/// After so many windows of slow calls that do not become more, or at the smallest limit, calls are as fast as they get.
const ACCEPTED: u32 = 10;
/// How bad it is when most callers have left before they are answered.
const IN_VAIN: f64 = 2.0;
/// A pressure that is no chance.
const PLAIN: f64 = 4.0;
/// A cut takes between a tenth and a half, but for the first one.
const CUTS: (f64, f64) = (0.5, 0.9);
/// In seconds: nobody waits for much longer.
const DRAINED_WITHIN: f64 = 1.0;
const GROWTH: f64 = 1.05;
/// The same after cuts that were wrong.
const RECOVERY: f64 = 1.5;
/// Callers can wait so long, where nobody comes after them.
const SHORT: Duration = Duration::from_millis(500);
/// After so many windows without a refusal the limit goes.
const CALM: u32 = 20;
const RELEASE: f64 = 1.5;
/// After so long without a single call there is nothing that a limit was for.
const IDLE: Duration = Duration::from_secs(2);
/// And after so long there is half of it.
const DOUBLED_BY: Duration = Duration::from_millis(500);
/// So many cuts in a row that cost answers and make none shorter are wrong.
const STRIKES: u32 = 3;

/// How many calls may be in flight, by how those before fared.
#[derive(Debug)]
pub(super) struct Limit {
    settings: Settings,
    limit: f64,
    in_flight: usize,
    window: Window,
    latency: Floor,
    watch: Watch,
    /// `None` while everybody is let in.
    shedding: Option<Shedding>,
    /// A lag that refusals do not make shorter.
    excused: Option<(Instant, Duration)>,
    /// When a call last came or ended.
    seen: Instant,
    voice: Voice,
}

impl Limit {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            limit: settings.max as f64,
            in_flight: 0,
            window: Window::new(Instant::now(), 0),
            latency: Floor::default(),
            watch: Watch::default(),
            shedding: None,
            excused: None,
            seen: Instant::now(),
            voice: Voice::current(),
        }
    }

    /// Lets one more in, unless it is one too many here or further on. One that is refused further on was never here: neither
    /// is it an answer, nor is it this limit that binds.
    pub(super) fn admit<T>(
        &mut self,
        now: Instant,
        further: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        self.look(now);
        if self.in_flight >= self.limit as usize {
            self.window.refused += 1;
            return None;
        }
        let further = further()?;
        self.in_flight += 1;
        self.window.peak = self.window.peak.max(self.in_flight);
        Some(further)
    }

    /// One that was let in is answered, or its caller has given up.
    pub(super) fn finish(&mut self, now: Instant, took: Duration, answered: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.window.least = self.window.least.min(self.in_flight);
        if self.settings.by_latency {
            self.window.finish(took, answered);
        } else {
            self.window.pass(took);
        }
        self.look(now);
    }

    /// So long it took the runtime to come round.
    pub(super) fn lagged(&mut self, lag: Duration) {
        self.window.lagged(lag);
    }

    /// Draws a conclusion where there is something to conclude from.
    fn look(&mut self, now: Instant) {
        let before = mem::replace(&mut self.seen, now);
        if self.shedding.is_some() && self.in_flight == 0 {
            let idle = now.saturating_duration_since(before);
            if idle >= IDLE {
                return self.release(now);
            }
            self.limit = (self.limit * after_idling(idle)).min(self.settings.max as f64);
        }
        let in_a_hurry = self.shedding.is_none() && self.watch.is_much(self.in_flight);
        if !self.window.is_over(now, in_a_hurry) {
            return;
        }
        let next = self.window.next(now, self.in_flight);
        let window = mem::replace(&mut self.window, next);
        if self.shedding.is_some() {
            self.steer(now, &window);
        } else if let Some(alarm) = self.alarm(now, &window) {
            self.begin(now, &window, alarm);
        }
    }

    /// Nobody is refused yet: whether that can go on.
    fn alarm(&mut self, now: Instant, window: &Window) -> Option<Alarm> {
        let excused = excused(self.excused, now);
        self.watch
            .alarm(now, window, self.in_flight, &mut self.latency, excused)
    }

    fn begin(&mut self, now: Instant, window: &Window, alarm: Alarm) {
        self.voice.say(|| {
            warn!(in_flight = self.in_flight, lag = ?window.lag(), latency = ?window.latency, "too many calls, some are refused");
        });
        self.limit = self.limit.min(self.in_flight.max(self.settings.min) as f64);
        self.shedding = Some(Shedding::default());
        let calm = self.watch.calm();
        let wanted = match (alarm, self.latency.get()) {
            (Alarm::PilesUp, Some(floor)) => target(floor).max(calm + LATENCY_SLACK),
            (Alarm::Lags, _) => calm + LAG_TARGET,
            _ => return self.steer(now, window),
        };
        self.cut_to(now, window, window.throughput(now) * wanted.as_secs_f64());
    }

    /// Some are refused: as few as will do.
    fn steer(&mut self, now: Instant, window: &Window) {
        let pressure = self.pressure(now, window);
        let passes = window.drains(self.in_flight) && self.is_bearable(now, window);
        let Some(shedding) = &mut self.shedding else {
            return;
        };
        if shedding.cut.is_some_and(|cut| now < cut.seen_from) {
            // The shortest of the next window must not be of a call that began before the cut.
            return;
        }
        let throughput = window.throughput(now);
        match shedding.cut.take() {
            Some(cut) if cut.was_wrong(pressure, throughput) => shedding.strikes += 1,
            _ => shedding.strikes = 0,
        }
        if pressure <= 1.0 {
            return self.grow(window.refused);
        }
        if passes {
            // A burst that was let in whole: a cut would only meet the next one.
            return;
        }
        shedding.calm = 0;
        shedding.pressed += 1;
        if pressure < PLAIN && shedding.pressed < 2 {
            // It may be chance.
            return;
        }
        let min = self.settings.min as f64;
        shedding.at_least = if self.limit <= min {
            shedding.at_least + 1
        } else {
            0
        };
        if shedding.strikes >= STRIKES {
            return self.excuse(now, window);
        }
        if shedding.at_least >= ACCEPTED
            && let Some(latency) = window.latency
        {
            // What so few calls take is what a call takes.
            self.latency.set(now, latency);
            shedding.growth = RECOVERY;
            shedding.at_least = 0;
            return;
        }
        let factor = pressure.recip().clamp(CUTS.0, CUTS.1);
        let limit = self.limit.min(window.peak as f64) * factor;
        self.cut_to(now, window, limit);
    }

    /// Lets no more than so many in, and looks again when those who are in flight are done.
    fn cut_to(&mut self, now: Instant, window: &Window, limit: f64) {
        let pressure = self.pressure(now, window);
        let throughput = window.throughput(now);
        let drained = (self.in_flight as f64 / throughput.max(1.0)).min(DRAINED_WITHIN);
        let latency = window.latency.max(window.lag()).unwrap_or_default();
        let settle = latency.mul_f64(1.2).max(Duration::from_secs_f64(drained));
        let Some(shedding) = &mut self.shedding else {
            return;
        };
        let min = self.settings.min as f64;
        shedding.growth = GROWTH;
        shedding.cut = (self.limit > min).then(|| Cut {
            seen_from: now + settle,
            pressure,
            throughput,
            factor: (limit / self.limit.min(window.peak as f64)).min(CUTS.1),
        });
        self.limit = limit.max(min);
    }

    /// All is well with those who are let in.
    fn grow(&mut self, refused: usize) {
        let Some(shedding) = &mut self.shedding else {
            return;
        };
        shedding.pressed = 0;
        shedding.calm = if refused > 0 { 0 } else { shedding.calm + 1 };
        if shedding.calm >= CALM {
            self.limit *= RELEASE;
        } else if refused > 0 {
            self.limit = self.limit * shedding.growth + 1.0;
        }
        if self.limit >= self.settings.max as f64 {
            self.let_all_in();
        }
    }

    /// Nobody has come for long: what the last of them met says nothing of the next.
    fn release(&mut self, now: Instant) {
        self.window = self.window.next(now, 0);
        self.let_all_in();
    }

    fn let_all_in(&mut self) {
        self.voice.say(|| info!("calls are refused no more"));
        (self.limit, self.shedding) = (self.settings.max as f64, None);
    }

    /// Refusals do not help: what calls wait for is not in this process, or takes longer than it did. That is how it is now.
    fn excuse(&mut self, now: Instant, window: &Window) {
        self.voice.say(|| {
            info!(lag = ?window.lag(), latency = ?window.latency, "refusing calls makes others no shorter, more are let in");
        });
        if let Some(latency) = window.latency {
            self.latency.set(now, latency);
        }
        self.excused = window.lag().map(|lag| (now, lag));
        self.limit *= RECOVERY;
        self.shedding = Some(Shedding {
            growth: RECOVERY,
            ..Shedding::default()
        });
    }

    /// Whether those who wait can wait a little longer.
    fn is_bearable(&self, now: Instant, window: &Window) -> bool {
        let latency = window.latency.unwrap_or_default();
        self.lag_ratio(now, window) < PLAIN && latency < SHORT && !window.is_in_vain()
    }

    fn lag_ratio(&self, now: Instant, window: &Window) -> f64 {
        let excused = excused(self.excused, now);
        let target = excused.map_or(LAG_TARGET, |lag| LAG_TARGET.max(lag.mul_f64(1.5)));
        window.lag().map_or(0.0, |lag| ratio(lag, target))
    }

    /// How far the worse of the signals is above what it should be; 1 is just right.
    fn pressure(&self, now: Instant, window: &Window) -> f64 {
        let lag = self.lag_ratio(now, window);
        let latency = window.latency.zip(self.latency.get());
        let latency = latency.map_or(0.0, |(latency, floor)| ratio(latency, target(floor)));
        let vain = if window.is_in_vain() { IN_VAIN } else { 0.0 };
        lag.max(latency).max(vain)
    }
}

fn excused(excused: Option<(Instant, Duration)>, now: Instant) -> Option<Duration> {
    const MEMORY: Duration = Duration::from_secs(30);
    excused
        .filter(|(since, _)| now < *since + MEMORY)
        .map(|(_, lag)| lag)
}

/// How many times more may come in after so long without a call. Who idles half of the time could do twice as much.
fn after_idling(idle: Duration) -> f64 {
    idle.div_duration_f64(DOUBLED_BY).exp2()
}

/// How long a call may take.
fn target(floor: Duration) -> Duration {
    2 * floor + LATENCY_SLACK
}

fn ratio(value: Duration, target: Duration) -> f64 {
    value.as_secs_f64() / target.as_secs_f64()
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
