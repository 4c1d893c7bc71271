//! One row: so many follow so many.

use std::{fmt, fs, time::Duration};

use e2e::{Client, Registry};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    Failure, Size, cpu,
    crowd::{self, Heard, SERVICE},
};

pub(crate) const HEAD: &str = "\
| instances | callers | answer kB | registered in s | all know all in ms | a change, p50 ms | p99 ms | Consul's CPU ms a change | and caller | idle CPU % | Consul MB |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

const PATIENCE: Duration = Duration::from_secs(120);
/// How long nothing happens, to see what that costs.
const IDLE: Duration = Duration::from_secs(5);
/// Between two changes: a caller asks five times a second at most.
const PAUSE: Duration = Duration::from_millis(500);

pub(crate) struct Row {
    size: Size,
    answer: usize,
    registered: Duration,
    known: Duration,
    /// From when the registry has taken a change until a caller knows, of each caller and change, in order.
    heard: Vec<Duration>,
    cpu: Duration,
    idle: Duration,
    megabytes: u64,
}

pub(crate) async fn measure(registry: &Registry, size: Size) -> Result<Row, Failure> {
    let process = registry.process().ok_or("it is no process")?;
    let began = Instant::now();
    crowd::register(registry, size.instances).await?;
    let registered = began.elapsed();

    let (sender, mut heard) = mpsc::unbounded_channel();
    let mut callers = JoinSet::new();
    let began = Instant::now();
    for _ in 0..size.watchers {
        callers.spawn(crowd::follow(crowd::client(registry)?, sender.clone()));
    }
    all_know(&mut heard, size.instances, size.watchers).await?;
    let known = began.elapsed();

    sleep(Duration::from_secs(1)).await;
    let before = cpu::time(process)?;
    sleep(IDLE).await;
    let idle = cpu::time(process)? - before;

    let before = cpu::time(process)?;
    let times = changes(registry, size, &mut heard).await?;
    let url = format!("http://{}/v1/health/service/{SERVICE}", registry.address());
    Ok(Row {
        cpu: cpu::time(process)? - before,
        answer: Client::new().get(&url).await?.body.len(),
        megabytes: resident(process),
        size,
        registered,
        known,
        heard: times,
        idle,
    })
}

/// One instance goes and comes back, over and over.
async fn changes(
    registry: &Registry,
    size: Size,
    heard: &mut UnboundedReceiver<Heard>,
) -> Result<Vec<Duration>, Failure> {
    let consul = crowd::client(registry)?;
    let changing = crowd::instance(0);
    let mut times = Vec::new();
    for change in 0..size.changes {
        let began = Instant::now();
        let known = if change % 2 == 0 {
            consul.deregister(&changing.id).await?;
            size.instances - 1
        } else {
            consul.register(&changing).await?;
            size.instances
        };
        let heard = all_know(heard, known, size.watchers).await?;
        times.extend(
            heard
                .into_iter()
                .map(|at| at.saturating_duration_since(began)),
        );
        sleep(PAUSE).await;
    }
    times.sort_unstable();
    Ok(times)
}

/// Waits until all callers know of so many, and says when each did.
async fn all_know(
    heard: &mut UnboundedReceiver<Heard>,
    known: usize,
    callers: usize,
) -> Result<Vec<Instant>, Failure> {
    let mut times = Vec::with_capacity(callers);
    let all = async {
        while times.len() < callers {
            match heard.recv().await {
                Some(told) if told.known == known => times.push(told.at),
                Some(_) => {}
                None => break,
            }
        }
    };
    timeout(PATIENCE, all).await?;
    Ok(times)
}

fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let found = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = found.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    number.unwrap_or_default() / 1024
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let part = |of_100: usize| self.heard.get(self.heard.len() * of_100 / 100);
        let change = millis(self.cpu) / self.size.changes as f64;
        write!(
            f,
            "| {} | {} | {:.0} | {:.1} | {:.0} | {:.0} | {:.0} | {change:.0} | {:.2} | {:.1} | {} |",
            self.size.instances,
            self.size.watchers,
            self.answer as f64 / 1e3,
            self.registered.as_secs_f64(),
            millis(self.known),
            part(50).map_or(f64::NAN, |time| millis(*time)),
            part(99).map_or(f64::NAN, |time| millis(*time)),
            change / self.size.watchers as f64,
            100.0 * self.idle.as_secs_f64() / IDLE.as_secs_f64(),
            self.megabytes,
        )
    }
}
