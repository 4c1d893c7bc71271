//! A server simulated event by event, in a time of its own: what comes, what is served, what is too late.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use fastrand::Rng;

use super::*;
use crate::server::shed::turns::ROUND;

/// How long a caller waits.
const PATIENCE: f64 = 1.0;
const SECONDS: f64 = 20.0;
const PROMPT: f64 = 0.01;

/// How long it takes to serve a call, in seconds.
#[derive(Clone, Copy, Debug)]
enum Time {
    Fixed(f64),
    Exponential(f64),
    /// One in ten takes ten times as long.
    Mixed(f64),
}

impl Time {
    fn mean(self) -> f64 {
        match self {
            Self::Fixed(mean) | Self::Exponential(mean) | Self::Mixed(mean) => mean,
        }
    }

    fn draw(self, random: &mut Rng) -> f64 {
        match self {
            Self::Fixed(mean) => mean,
            Self::Exponential(mean) => exponential(mean, random),
            Self::Mixed(mean) if random.f64() < 0.1 => mean * 10.0 / 1.9,
            Self::Mixed(mean) => mean / 1.9,
        }
    }
}

/// What calls wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bottleneck {
    /// The runtime itself: whoever waits makes it lag.
    Runtime,
    /// So many of something, such as connections to a database.
    Pool(usize),
    /// Nothing of this process: however many calls there are, they take their time.
    Elsewhere,
}

#[derive(Clone, Copy, Debug)]
struct Server {
    bottleneck: Bottleneck,
    time: Time,
    /// From the middle on everything takes so many times as long.
    slower: f64,
}

impl Server {
    fn new(bottleneck: Bottleneck, time: Time) -> Self {
        Self {
            bottleneck,
            time,
            slower: 1.0,
        }
    }

    fn servers(self) -> usize {
        match self.bottleneck {
            Bottleneck::Runtime => 1,
            Bottleneck::Pool(servers) => servers,
            Bottleneck::Elsewhere => usize::MAX,
        }
    }

    /// Calls a second.
    fn capacity(self) -> f64 {
        self.servers() as f64 / self.time.mean()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// A call comes, and after a while another one.
    Arrival,
    /// A call comes with others, as a burst.
    OfBurst,
    /// The call that began then is served.
    Served(f64),
    /// The runtime's lag is measured: the measurement stands behind all that is ready.
    Probe,
    /// It has come round, after so long.
    Measured(f64),
}

/// What came of it, in a quarter of the time.
#[derive(Clone, Copy, Debug, Default)]
struct Quarter {
    offered: usize,
    refused: usize,
    /// Of the refused, those who heard of it later than `PROMPT`, for the runtime was busy.
    late: usize,
    /// Answered before the caller had left.
    good: usize,
    /// Let in, and not answered in time.
    left: usize,
}

/// What bounds the calls of one worker.
struct Limits {
    /// By its lag alone.
    own: Limit,
    /// By how long calls take, in a member that calls nobody.
    common: Option<Limit>,
}

impl Limits {
    fn new(settings: Settings) -> Self {
        Self {
            own: Limit::new(settings.by_lag()),
            common: settings.by_latency.then(|| Limit::new(settings)),
        }
    }

    fn admit(&mut self, now: Instant) -> bool {
        let common = || match &mut self.common {
            Some(common) => common.admit(now, || Some(())),
            None => Some(()),
        };
        self.own.admit(now, common).is_some()
    }

    fn finish(&mut self, now: Instant, took: Duration, answered: bool) {
        for limit in self.common.iter_mut().chain([&mut self.own]) {
            limit.finish(now, took, answered);
        }
    }
}

struct Simulation {
    server: Server,
    limits: Limits,
    origin: Instant,
    random: Rng,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    kinds: Vec<Event>,
    queue: VecDeque<f64>,
    busy: usize,
    /// Of the runtime: when it will have done what is ready.
    backlog: f64,
    /// Of the runtime: when the call that it works on is done, and it looks at its sockets.
    looks: f64,
    quarters: [Quarter; 4],
    /// When the good ones were answered, and how long they took.
    took: Vec<(f64, f64)>,
    /// Whoever has an answer asks again at once, and nobody else comes.
    closed: bool,
    /// From then on calls come in bursts only.
    steady_until: f64,
}

fn exponential(mean: f64, random: &mut Rng) -> f64 {
    -mean * (1.0 - random.f64()).ln()
}

/// Offers so many calls a second.
fn run(server: Server, rate: f64, seed: u64) -> [Quarter; 4] {
    simulate(server, rate, seed, Settings::of_default()).quarters
}

fn simulate(server: Server, rate: f64, seed: u64, settings: Settings) -> Simulation {
    let mut simulation = Simulation::new(server, settings, seed);
    simulation.at(0.0, Event::Arrival);
    simulation.go(rate);
    simulation
}

/// So many callers ask again as soon as they have an answer; whoever is refused does not come back.
fn closed(server: Server, callers: usize, seed: u64) -> [Quarter; 4] {
    let mut simulation = Simulation::new(server, Settings::of_default(), seed);
    simulation.closed = true;
    for _ in 0..callers {
        simulation.at(0.0, Event::Arrival);
    }
    simulation.go(0.0);
    simulation.quarters
}

/// Far too much for a while, then so many calls at once every so many seconds.
fn bursts_after_overload(server: Server, burst: usize, every: f64, seed: u64) -> [Quarter; 4] {
    let mut simulation = Simulation::new(server, Settings::of_default(), seed);
    simulation.steady_until = SECONDS / 4.0;
    simulation.at(0.0, Event::Arrival);
    for number in 1..((SECONDS - simulation.steady_until) / every) as usize {
        for _ in 0..burst {
            simulation.at(
                simulation.steady_until + number as f64 * every,
                Event::OfBurst,
            );
        }
    }
    simulation.go(5.0 * server.capacity());
    simulation.quarters
}

impl Simulation {
    fn new(server: Server, settings: Settings, seed: u64) -> Self {
        Self {
            server,
            limits: Limits::new(settings),
            origin: Instant::now(),
            random: Rng::with_seed(seed),
            events: BinaryHeap::new(),
            kinds: Vec::new(),
            queue: VecDeque::new(),
            busy: 0,
            backlog: 0.0,
            looks: 0.0,
            quarters: [Quarter::default(); 4],
            took: Vec::new(),
            closed: false,
            steady_until: SECONDS,
        }
    }

    fn go(&mut self, rate: f64) {
        self.at(0.0, Event::Probe);
        while let Some(Reverse((nanos, index))) = self.events.pop() {
            let now = nanos as f64 / 1e9;
            if now > SECONDS {
                break;
            }
            self.step(now, self.kinds[index as usize], rate);
        }
    }

    fn at(&mut self, time: f64, event: Event) {
        self.kinds.push(event);
        let index = self.kinds.len() as u64 - 1;
        self.events.push(Reverse(((time * 1e9) as u64, index)));
    }

    fn instant(&self, time: f64) -> Instant {
        self.origin + Duration::from_secs_f64(time)
    }

    fn quarter(&mut self, now: f64) -> &mut Quarter {
        &mut self.quarters[(4.0 * now / SECONDS).min(3.0) as usize]
    }

    fn step(&mut self, now: f64, event: Event, rate: f64) {
        match event {
            Event::Arrival => {
                if !self.closed {
                    let next = now + exponential(1.0 / rate, &mut self.random);
                    if next < self.steady_until {
                        self.at(next, Event::Arrival);
                    }
                }
                self.arrive(now);
            }
            Event::OfBurst => self.arrive(now),
            Event::Served(began) => {
                self.busy -= 1;
                self.end(began, now);
                self.serve(now);
            }
            Event::Probe => {
                let lag = (self.backlog - now).max(0.0);
                self.at(now + lag, Event::Measured(lag));
            }
            Event::Measured(lag) => {
                self.limits.own.lagged(Duration::from_secs_f64(lag));
                // The next one is sent once this one has come round.
                self.at(now + (0.005 - lag).max(0.0), Event::Probe);
            }
        }
    }

    fn arrive(&mut self, now: f64) {
        self.quarter(now).offered += 1;
        if self.limits.admit(self.instant(now)) {
            self.queue.push_back(now);
            self.serve(now);
        } else {
            let late = self.looks - now > PROMPT;
            let quarter = self.quarter(now);
            quarter.refused += 1;
            quarter.late += usize::from(late);
        }
    }

    /// Whoever is next; those whose callers have left are let go unserved, as dropped futures are.
    fn serve(&mut self, now: f64) {
        while self.busy < self.server.servers() {
            let Some(began) = self.queue.pop_front() else {
                return;
            };
            if now - began > PATIENCE {
                self.end(began, now);
                continue;
            }
            self.busy += 1;
            let slower = if now >= SECONDS / 2.0 {
                self.server.slower
            } else {
                1.0
            };
            let takes = slower * self.server.time.draw(&mut self.random);
            if self.server.bottleneck == Bottleneck::Runtime {
                self.looks = now + takes + ROUND.as_secs_f64();
                let waiting = self.queue.len() as f64;
                self.backlog = now + takes + waiting * slower * self.server.time.mean();
            }
            self.at(now + takes, Event::Served(began));
        }
    }

    fn end(&mut self, began: f64, now: f64) {
        if self.closed {
            self.at(now, Event::Arrival);
        }
        if now - began <= PATIENCE {
            self.quarter(now).good += 1;
            self.took.push((now, now - began));
        } else {
            self.quarter(now).left += 1;
        }
        let took = Duration::from_secs_f64((now - began).min(PATIENCE));
        self.limits
            .finish(self.instant(now), took, now - began <= PATIENCE);
    }
}

mod tests;
