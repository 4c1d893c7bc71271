//! A server simulated event by event, in a time of its own: what comes, what is served, what is too late.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use fastrand::Rng;

use super::*;

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
    Arrival,
    /// The call that began then is served.
    Served(f64),
    /// The runtime's lag is measured.
    Probe,
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
}

struct Simulation {
    server: Server,
    limit: Limit,
    origin: Instant,
    random: Rng,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    kinds: Vec<Event>,
    queue: VecDeque<f64>,
    busy: usize,
    /// Of the runtime: when it will have done what is ready.
    backlog: f64,
    quarters: [Quarter; 4],
}

fn exponential(mean: f64, random: &mut Rng) -> f64 {
    -mean * (1.0 - random.f64()).ln()
}

/// Offers so many calls a second.
fn run(server: Server, rate: f64, seed: u64) -> [Quarter; 4] {
    let mut simulation = Simulation {
        server,
        limit: Limit::new(Settings::of_default()),
        origin: Instant::now(),
        random: Rng::with_seed(seed),
        events: BinaryHeap::new(),
        kinds: Vec::new(),
        queue: VecDeque::new(),
        busy: 0,
        backlog: 0.0,
        quarters: [Quarter::default(); 4],
    };
    simulation.at(0.0, Event::Arrival);
    simulation.at(0.0, Event::Probe);
    while let Some(Reverse((nanos, index))) = simulation.events.pop() {
        let now = nanos as f64 / 1e9;
        if now > SECONDS {
            break;
        }
        simulation.step(now, simulation.kinds[index as usize], rate);
    }
    simulation.quarters
}

impl Simulation {
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
                let next = now + exponential(1.0 / rate, &mut self.random);
                self.at(next, Event::Arrival);
                self.quarter(now).offered += 1;
                if self.limit.admit(self.instant(now)) {
                    self.queue.push_back(now);
                    self.serve(now);
                } else {
                    let late = self.backlog - now > PROMPT;
                    let quarter = self.quarter(now);
                    quarter.refused += 1;
                    quarter.late += usize::from(late);
                }
            }
            Event::Served(began) => {
                self.busy -= 1;
                self.end(began, now);
                self.serve(now);
            }
            Event::Probe => {
                let lag = (self.backlog - now).max(0.0);
                self.limit.lagged(Duration::from_secs_f64(lag));
                // The next one is sent once this one has come round.
                self.at(now + lag.max(0.005), Event::Probe);
            }
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
                let waiting = self.queue.len() as f64;
                self.backlog = now + takes + waiting * slower * self.server.time.mean();
            }
            self.at(now + takes, Event::Served(began));
        }
    }

    fn end(&mut self, began: f64, now: f64) {
        if now - began <= PATIENCE {
            self.quarter(now).good += 1;
        }
        let took = Duration::from_secs_f64((now - began).min(PATIENCE));
        self.limit
            .finish(self.instant(now), took, now - began <= PATIENCE);
    }
}

/// Servers whose calls wait in this process.
fn servers() -> Vec<Server> {
    let mut all = Vec::new();
    let times = [Time::Fixed, Time::Exponential, Time::Mixed];
    for time in times {
        for mean in [0.0005, 0.002] {
            all.push(Server::new(Bottleneck::Runtime, time(mean)));
        }
        for (places, mean) in [(4, 0.002), (10, 0.01), (50, 0.05)] {
            all.push(Server::new(Bottleneck::Pool(places), time(mean)));
        }
    }
    all
}

fn sum(quarters: [Quarter; 4]) -> Quarter {
    quarters
        .iter()
        .fold(Quarter::default(), |sum, one| Quarter {
            offered: sum.offered + one.offered,
            refused: sum.refused + one.refused,
            late: sum.late + one.late,
            good: sum.good + one.good,
        })
}

#[test]
fn at_five_times_the_capacity_nine_tenths_of_it_are_answered() {
    let mut low = Vec::new();
    for (seed, server) in servers().into_iter().enumerate() {
        let capacity = server.capacity();
        let quarters = run(server, 5.0 * capacity, seed as u64);
        let share = sum(quarters).good as f64 / (capacity * SECONDS);
        println!("{server:?}: {share:.3}");
        low.extend((share <= 0.9).then_some((server, share)));
    }
    assert!(low.is_empty(), "{low:?}");
}

#[test]
fn who_is_refused_is_told_promptly() {
    // Half a millisecond of work at a time is much for a runtime; with longer ones the calls that are always let in take longer.
    for time in [Time::Fixed(0.0005), Time::Exponential(0.0005)] {
        let server = Server::new(Bottleneck::Runtime, time);
        let last = run(server, 5.0 * server.capacity(), 3)[3];
        let share = last.late as f64 / last.refused as f64;
        println!("{server:?}: {share:.4} of the refused are told late");
        assert!(share < 0.01, "{server:?}: {share}");
    }
}

#[test]
fn at_half_the_capacity_nobody_is_refused() {
    for (seed, server) in servers().into_iter().enumerate() {
        let all = sum(run(server, 0.5 * server.capacity(), seed as u64));
        assert_eq!(all.refused, 0, "{server:?}");
    }
}

#[test]
fn at_the_capacity_hardly_anybody_is_lost() {
    for (seed, server) in servers().into_iter().enumerate() {
        let capacity = server.capacity();
        let all = sum(run(server, capacity, seed as u64));
        let share = all.good as f64 / (capacity * SECONDS);
        println!("{server:?}: {share:.3} {all:?}");
        assert!(share > 0.85, "{server:?}: {share:.3} of the capacity");
    }
}

#[test]
fn a_wait_for_somebody_else_is_no_reason_to_refuse() {
    for slower in [1.0, 3.0, 30.0, 300.0] {
        for time in [Time::Fixed(0.002), Time::Exponential(0.002)] {
            let mut server = Server::new(Bottleneck::Elsewhere, time);
            server.slower = slower;
            for seed in 0..5 {
                let all = sum(run(server, 1000.0, seed));
                assert_eq!(all.refused, 0, "{server:?}");
            }
        }
    }
}

#[test]
fn a_step_of_the_service_time_is_followed() {
    let mut low = Vec::new();
    for slower in [0.2, 3.0, 10.0] {
        let servers = servers().into_iter();
        for mut server in servers.filter(|server| server.time.mean() * slower < 0.3) {
            server.slower = slower;
            let capacity = server.capacity();
            let quarters = run(server, 5.0 * capacity, 7);
            let expected = capacity * SECONDS / 4.0;
            let before = quarters[1].good as f64 / expected;
            let after = quarters[3].good as f64 / (expected / slower).min(5.0 * expected);
            println!("{server:?}: {before:.3}, then {after:.3}");
            // Where times are random it takes a while to tell a step from an accident.
            low.extend((before <= 0.9 || after <= 0.4).then_some((server, before, after)));
        }
    }
    assert!(low.is_empty(), "{low:?}");
}
