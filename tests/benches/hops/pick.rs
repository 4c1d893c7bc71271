//! Picking alone: whose turn it is, asked by several threads at once.

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

/// Measures picks among few and among many, in turns.
pub(crate) fn measure(pace: Pace) -> Result<String, Failure> {
    let least = pace.endpoints.first().copied().unwrap_or_default();
    let most = pace.endpoints.last().copied().unwrap_or_default();
    let (few, many) = (ring(least), ring(most));
    let mut text = format!(
        "| threads | {least} endpoints, ns a pick | millions/s | {most} endpoints, ns a pick | millions/s | ratio | spread |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n"
    );
    for threads in THREADS {
        let mut rates = Vec::new();
        for _ in 0..=pace.rounds {
            let one = |shard| round(shard, threads, pace.time / 4);
            rates.push((one(&few), one(&many)));
        }
        // The first warms up.
        row(&mut text, threads, &rates[1..]);
    }
    Ok(text)
}

fn row(text: &mut String, threads: usize, rates: &[(f64, f64)]) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // Threads beyond the cores wait for each other and take no time.
    let busy = threads.min(cores) as f64;
    let nanos = |rate: f64| 1e9 * busy / rate;
    let few = median(rates.iter().map(|(few, _)| *few));
    let many = median(rates.iter().map(|(_, many)| *many));
    let ratio = median(rates.iter().map(|(few, many)| few / many));
    let spread = spread(rates.iter().map(|(_, many)| *many));
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "| {threads} | {:.1} | {:.1} | {:.1} | {:.1} | {ratio:.2} | {:.0} % |",
        nanos(few),
        few / 1e6,
        nanos(many),
        many / 1e6,
        spread * 100.0,
    );
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

/// Picks in a second, of all threads together.
fn round(shard: &Shard<u32, Member>, threads: usize, time: Duration) -> f64 {
    let begin = Barrier::new(threads);
    let work = || {
        begin.wait();
        let began = Instant::now();
        let mut picks = 0;
        while began.elapsed() < time {
            for _ in 0..PICKS {
                black_box(shard.pick());
            }
            picks += PICKS;
        }
        picks as f64 / began.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let rates = workers.into_iter().filter_map(|worker| worker.join().ok());
        rates.sum()
    })
}
