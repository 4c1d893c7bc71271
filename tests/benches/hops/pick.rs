//! Picking alone: whose turn it is, asked by several threads at once, without a pause and with as little as one between two picks.

use std::{
    fmt::Write,
    hint::black_box,
    mem,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use bellhop::balance::{Available, Ring, Shard};

use crate::{
    Failure,
    args::Pace,
    median::{median, spread},
};

const THREADS: [usize; 4] = [1, 2, 4, 8];
/// Between two looks at the clock.
const PICKS: u64 = 1000;
/// What a caller does between two picks where it pauses: a ninth of what the leanest caller over a socket takes for a call.
const PAUSE: Duration = Duration::from_micros(1);

/// Somebody who can always be picked, and costs nothing.
#[derive(Clone, Copy)]
struct Member(u32);

impl Available for Member {
    type Picked = u32;

    fn is_available(&self) -> bool {
        true
    }

    fn pick(&self) -> Option<u32> {
        Some(self.0)
    }
}

/// Of one turn, picks in a second.
#[derive(Clone, Copy)]
struct Rates {
    few: f64,
    many: f64,
    /// Among few, with a pause between two.
    paused: f64,
}

/// Measures picks among few and among many, in turns.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    let least = pace.endpoints.first().copied().unwrap_or_default();
    let most = pace.endpoints.last().copied().unwrap_or_default();
    let (few, many) = (ring(least), ring(most));
    let pause = steps(PAUSE);
    let mut text = format!(
        "| threads | {least} endpoints, ns a pick | millions/s | {most} endpoints, ns a pick | millions/s | ratio | spread | {least} endpoints, a µs of work after each, millions/s |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    for threads in THREADS {
        let mut rates = Vec::new();
        for _ in 0..=pace.rounds {
            let one = |shard, pause| round(shard, threads, pause, pace.time / 4);
            rates.push(Rates {
                few: one(&few, 0),
                many: one(&many, 0),
                paused: one(&few, pause),
            });
        }
        // The first warms up.
        row(&mut text, threads, &rates[1..]);
    }
    Ok(text)
}

fn row(text: &mut String, threads: usize, rates: &[Rates]) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Threads beyond the cores wait for each other and take no time.
    let busy = threads.min(cores) as f64;
    let nanos = |rate: f64| 1e9 * busy / rate;
    let few = median(rates.iter().map(|rates| rates.few));
    let many = median(rates.iter().map(|rates| rates.many));
    let paused = median(rates.iter().map(|rates| rates.paused));
    let ratio = median(rates.iter().map(|rates| rates.few / rates.many));
    let spread = spread(rates.iter().map(|rates| rates.many));
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "| {threads} | {:.1} | {:.1} | {:.1} | {:.1} | {ratio:.2} | {:.0} % | {:.2} |",
        nanos(few),
        few / 1e6,
        nanos(many),
        many / 1e6,
        spread * 100.0,
        paused / 1e6,
    );
}

/// How many steps of [`work`] take so long where nobody else is at work: the quickest of several trials.
fn steps(time: Duration) -> u64 {
    const STEPS: u64 = 1_000_000;
    const TRIALS: usize = 50;
    let trial = |_| {
        let began = Instant::now();
        work(STEPS);
        began.elapsed()
    };
    let quickest = (0..TRIALS).map(trial).min().unwrap_or(time);
    (STEPS as f64 * time.as_secs_f64() / quickest.as_secs_f64()) as u64
}

/// Something that a core does by itself.
fn work(steps: u64) {
    for step in 0..steps {
        black_box(step);
    }
}

fn ring(members: u32) -> Shard<u32, Member> {
    let shard = Ring::new().shard();
    let joined: Vec<_> = (0..members)
        .map(|number| shard.join(number, 1, Member(number)))
        .collect();
    // They stay to the end of the process: that many who leave one by one take longer than all that is measured.
    mem::forget(joined);
    shard
}

/// Picks in a second, of all threads together, with so many steps of work after each.
fn round(shard: &Shard<u32, Member>, threads: usize, pause: u64, time: Duration) -> f64 {
    let begin = Barrier::new(threads);
    let picking = || {
        begin.wait();
        let began = Instant::now();
        let mut picks = 0;
        while began.elapsed() < time {
            for _ in 0..PICKS {
                black_box(shard.pick());
                work(pause);
            }
            picks += PICKS;
        }
        (picks, began, Instant::now())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(picking)).collect();
        let done = workers.into_iter().filter_map(|worker| worker.join().ok());
        let done: Vec<(u64, Instant, Instant)> = done.collect();
        // Threads beyond the cores begin when others end.
        let began = done.iter().map(|(_, began, _)| *began).min();
        let ended = done.iter().map(|(_, _, ended)| *ended).max();
        let wall = ended.zip(began).map(|(ended, began)| ended - began);
        let picks: u64 = done.iter().map(|(picks, ..)| picks).sum();
        picks as f64 / wall.unwrap_or(time).as_secs_f64()
    })
}
