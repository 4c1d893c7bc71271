//! `/hotels` through the running system, over many hotels and over the sixteen that are part of the program, in turns.

use std::{
    fmt::Write,
    fs,
    rc::Rc,
    time::{Duration, Instant},
};

use e2e::{Client, Launch, Process, free_ports};
use tokio::{runtime::Builder, task::LocalSet};

use crate::{
    Failure, Size,
    data::{BINARY, Data},
    sorted::Sorted,
};

/// Requests under way at a time: enough for both cores to have work, too few for a queue.
const CALLERS: usize = 4;
/// Hotels in an answer, the same for both: how long an answer is must not tell them apart.
const LIMIT: usize = 15;
const READY_WITHIN: Duration = Duration::from_secs(120);

/// One system.
struct System {
    name: String,
    process: Process,
    ready: Duration,
    requests: Vec<String>,
    times: Vec<Duration>,
}

/// One row for each system.
pub(crate) fn measure(size: &Size, data: &Data) -> Result<String, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let city = |n: usize| (37.7749 + (n % 100) as f32 * 1e-5, -122.4194);
        let few = (0..size.requests).map(city).collect();
        let many = data.centres(size.requests)?;
        let mut systems = [
            System::start("16 hotels", &[], few).await?,
            System::start(
                &format!("{} hotels", data.hotels),
                &["--data", &data.folder().display().to_string()],
                many,
            )
            .await?,
        ];
        // The first round is not counted: connections, and the system's cache of files.
        for round in 0..=size.rounds {
            for system in &mut systems {
                let times = system.ask().await?;
                if round > 0 {
                    system.times.extend(times);
                }
            }
        }
        text(systems, size)
    })
}

fn text(systems: [System; 2], size: &Size) -> Result<String, Failure> {
    let Size {
        rounds, requests, ..
    } = size;
    let mut text = format!(
        "`/hotels?limit={LIMIT}`, `hotels up`, {CALLERS} at a time, {rounds} rounds of {requests} in turns:\n\n\
         | data | ready in ms | resident MB | of it not files | p50 µs | p99 µs |\n\
         |---|---:|---:|---:|---:|---:|\n"
    );
    for System {
        name,
        process,
        ready,
        times,
        ..
    } in systems
    {
        let times = Sorted::new(times);
        writeln!(
            text,
            "| {name} | {} | {} | {} | {:.0} | {:.0} |",
            ready.as_millis(),
            resident(&process, "VmRSS"),
            resident(&process, "RssAnon"),
            times.micros(500),
            times.micros(990),
        )?;
    }
    Ok(text)
}

impl System {
    async fn start(name: &str, more: &[&str], centres: Vec<(f32, f32)>) -> Result<Self, Failure> {
        let [port] = free_ports();
        let frontend = format!("127.0.0.1:{port}");
        let up = ["up", "--http", &frontend, "--registry", "127.0.0.1:0"];
        let began = Instant::now();
        let launch = Launch::new(BINARY).set("RUST_LOG", "warn");
        let process = launch.start(&[&up[..], more].concat());
        let client = Client::new();
        let readyz = format!("http://{frontend}/readyz");
        while !client
            .get(&readyz)
            .await
            .is_ok_and(|answer| answer.status.is_success())
        {
            if began.elapsed() > READY_WITHIN {
                return Err(format!("{name}: not ready: {}", process.output()).into());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let ready = began.elapsed();
        let stay = "inDate=2015-04-09&outDate=2015-04-10";
        let request = |(lat, lon)| {
            format!("http://{frontend}/hotels?{stay}&limit={LIMIT}&lat={lat}&lon={lon}")
        };
        Ok(Self {
            name: name.to_owned(),
            requests: centres.into_iter().map(request).collect(),
            times: Vec::new(),
            process,
            ready,
        })
    }

    /// Asks each request once, and says how long each took.
    async fn ask(&self) -> Result<Vec<Duration>, Failure> {
        let requests = Rc::new(self.requests.clone());
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| tokio::task::spawn_local(ask_some(requests.clone(), caller)))
            .collect();
        let mut times = Vec::with_capacity(requests.len());
        for caller in callers {
            times.extend(caller.await??);
        }
        Ok(times)
    }
}

async fn ask_some(requests: Rc<Vec<String>>, caller: usize) -> Result<Vec<Duration>, Failure> {
    let client = Client::new();
    let mut times = Vec::new();
    for request in requests.iter().skip(caller).step_by(CALLERS) {
        let began = Instant::now();
        let answer = client.get(request).await?;
        times.push(began.elapsed());
        if !answer.status.is_success() {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(format!("{request}: {} {body}", answer.status).into());
        }
    }
    Ok(times)
}

/// A line of what the system says of a process, in megabytes; 0 where it says nothing.
fn resident(process: &Process, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let found = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let number = found.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    number.unwrap_or_default() / 1024
}
