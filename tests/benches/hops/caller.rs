//! The other end of a hop: what calls.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bellhop::Shards;
use hotel_proto::geo::{self, geo_client::GeoClient};
use tokio::runtime::{Builder, Handle};
use tonic::{
    body::Body,
    client::GrpcService,
    codegen::{self, StdError},
    transport::Endpoint,
};

use crate::{Failure, server, stub};

/// At one time, each with one call under way.
const CALLERS: usize = 64;
/// For the first call: until then others must have started and found each other.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// How it calls.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// `mesh.channel`, one on each of one runtime per core.
    Bellhop,
    /// `mesh.channel` on the multi-thread runtime.
    BellhopThreads,
    /// tonic's `Channel` on the multi-thread runtime, as everybody sets it up.
    Tonic,
    /// tonic's `Channel`, one on each of one runtime per core.
    TonicShards,
}

impl Kind {
    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bellhop => "bellhop",
            Self::BellhopThreads => "bellhop-threads",
            Self::Tonic => "tonic",
            Self::TonicShards => "tonic-shards",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        use Kind::{Bellhop, BellhopThreads, Tonic, TonicShards};
        let mut all = [Bellhop, BellhopThreads, Tonic, TonicShards].into_iter();
        let kind = all.find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("no such caller: {name}").into())
    }
}

/// Calls as told: for as many milliseconds as each line of the input says. Says "done", how many calls that made, and in how
/// many microseconds.
pub(crate) fn call(kind: Kind, targets: &[SocketAddr]) -> Result<(), Failure> {
    match kind {
        Kind::Bellhop | Kind::TonicShards => {
            let shards = Shards::start(Shards::cores())?;
            call_from(kind, shards.handles(), targets)
        }
        Kind::BellhopThreads | Kind::Tonic => {
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            call_from(kind, &[runtime.handle().clone()], targets)
        }
    }
}

fn call_from(kind: Kind, handles: &[Handle], targets: &[SocketAddr]) -> Result<(), Failure> {
    let targets = targets.iter().cycle();
    match kind {
        Kind::Bellhop | Kind::BellhopThreads => {
            let registry = targets.copied().next().ok_or("no registry")?;
            let mesh = server::mesh("bench", registry)?;
            let channels = handles.iter().map(|handle| {
                let _entered = handle.enter();
                (handle.clone(), mesh.channel(server::SERVICE))
            });
            work(channels.collect())
        }
        Kind::Tonic | Kind::TonicShards => {
            let channels = handles.iter().zip(targets).map(|(handle, target)| {
                let endpoint = Endpoint::from_shared(format!("http://{target}"))?;
                Ok((handle.clone(), handle.block_on(endpoint.connect())?))
            });
            work(channels.collect::<Result<_, Failure>>()?)
        }
    }
}

/// What generated clients ask of a channel.
trait Channel:
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

fn work<C: Channel>(channels: Vec<(Handle, C)>) -> Result<(), Failure> {
    for (handle, channel) in &channels {
        handle.block_on(first_call(channel))?;
    }
    println!("ready");
    for line in io::stdin().lines() {
        let time = Duration::from_millis(line?.parse()?);
        let (calls, wall) = round(&channels, time)?;
        println!("done {calls} {}", wall.as_micros());
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
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (handle, channel) = &channels[caller % channels.len()];
            (
                handle,
                handle.spawn(call_until(channel.clone(), stop.clone())),
            )
        })
        .collect();
    thread::sleep(time);
    stop.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for (handle, caller) in callers {
        calls += handle.block_on(caller)??;
    }
    Ok((calls, begun.elapsed()))
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
