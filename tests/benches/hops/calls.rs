//! What callers do over whatever channels they were given.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hotel_proto::geo::{self, geo_client::GeoClient};
use tokio::{runtime::Handle, task::JoinHandle};
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::{self, StdError},
};

use crate::{
    Failure,
    steady::{Late, Schedule, Steady},
    stub,
};

/// At one time, each with one call under way.
const CALLERS: usize = 64;
/// For the first call: until then others must have started and found each other.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// What generated clients ask of a channel.
pub(crate) trait Channel:
    GrpcService<Body, Error: Into<StdError>, ResponseBody = Self::Answer, Future: Send>
    + Clone
    + Send
    + 'static
{
    type Answer: codegen::Body<Data = codegen::Bytes, Error: Into<StdError> + Send> + Send + 'static;
}

impl<C, B> Channel for C
where
    C: GrpcService<Body, ResponseBody = B> + Clone + Send + 'static,
    C::Error: Into<StdError>,
    C::Future: Send,
    B: codegen::Body<Data = codegen::Bytes> + Send + 'static,
    B::Error: Into<StdError> + Send,
{
    type Answer = B;
}

/// Calls as told: for "all 500" as much as possible for so many milliseconds, which it answers by "done", how many calls that made, and
/// in how many microseconds; for "steady 500 9000.0" so many calls in a second, which it answers by "late" and how late.
pub(crate) fn work<C: Channel>(channels: Vec<(Handle, C)>) -> Result<(), Failure> {
    for (handle, channel) in &channels {
        handle.block_on(first_call(channel))?;
    }
    println!("ready");
    for line in io::stdin().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["all", time] => {
                let time = Duration::from_millis(time.parse()?);
                let (calls, wall) = round(&channels, time)?;
                println!("done {calls} {}", wall.as_micros());
            }
            ["steady", time, rate] => {
                let time = Duration::from_millis(time.parse()?);
                let rate = rate.parse()?;
                println!("late {}", steady(&channels, Steady { rate, time })?.told());
            }
            _ => return Err(format!("told to do {line:?}").into()),
        }
    }
    Ok(())
}

async fn first_call<C: Channel>(channel: &C) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut client = GeoClient::new(channel.clone());
    while let Err(error) = one_call(&mut client, &stub::answer()).await {
        if begun.elapsed() > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// All callers at work until the time is over.
fn round<C: Channel>(channels: &[(Handle, C)], time: Duration) -> Result<(u64, Duration), Failure> {
    let stop = Arc::<AtomicBool>::default();
    let begun = Instant::now();
    let callers = callers(channels, |channel| call_until(channel, stop.clone()));
    thread::sleep(time);
    stop.store(true, Ordering::Relaxed);
    let calls = ended(callers)?.into_iter().sum();
    Ok((calls, begun.elapsed()))
}

/// All callers at work when calls are due.
fn steady<C: Channel>(channels: &[(Handle, C)], steady: Steady) -> Result<Late, Failure> {
    let schedule = Arc::new(Schedule::new(steady));
    let callers = callers(channels, |channel| call_when_due(channel, schedule.clone()));
    schedule.pace(CALLERS);
    Ok(Late::of(ended(callers)?.concat()))
}

type Callers<T> = Vec<(Handle, JoinHandle<Result<T, Failure>>)>;

fn callers<C, F, T>(channels: &[(Handle, C)], caller: impl Fn(C) -> F) -> Callers<T>
where
    C: Channel,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
    T: Send + 'static,
{
    let channels = channels.iter().cycle().take(CALLERS);
    channels
        .map(|(handle, channel)| (handle.clone(), handle.spawn(caller(channel.clone()))))
        .collect()
}

fn ended<T>(callers: Callers<T>) -> Result<Vec<T>, Failure> {
    let callers = callers.into_iter();
    callers
        .map(|(handle, caller)| handle.block_on(caller)?)
        .collect()
}

async fn call_until<C: Channel>(channel: C, stop: Arc<AtomicBool>) -> Result<u64, Failure> {
    let mut client = GeoClient::new(channel);
    let expected = stub::answer();
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        one_call(&mut client, &expected).await?;
        calls += 1;
    }
    Ok(calls)
}

async fn call_when_due<C: Channel>(
    channel: C,
    schedule: Arc<Schedule>,
) -> Result<Vec<Duration>, Failure> {
    let mut client = GeoClient::new(channel);
    let expected = stub::answer();
    let mut times = Vec::new();
    while let Some(due) = schedule.next().await {
        one_call(&mut client, &expected).await?;
        times.push(due.elapsed());
    }
    Ok(times)
}

async fn one_call<C: Channel>(
    client: &mut GeoClient<C>,
    expected: &geo::Result,
) -> Result<(), Failure> {
    let answer = client.nearby(stub::question()).await?.into_inner();
    if answer == *expected {
        Ok(())
    } else {
        Err(format!("a wrong answer: {answer:?}").into())
    }
}
