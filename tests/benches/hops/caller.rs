//! The other end of a hop: what calls.

use std::{
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use bellhop::Shards;
use tokio::runtime::{Builder, Handle};
use tonic::transport::{self, Endpoint};

use crate::{Failure, calls::work, server};

/// Until all endpoints are connected.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);

/// How it calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `mesh.channel`, one on each of one runtime per core.
    Bellhop,
    /// `mesh.channel` on the multi-thread runtime.
    BellhopThreads,
    /// `mesh.channel` on one thread alone.
    BellhopOne,
    /// tonic's `Channel` on the multi-thread runtime, as everybody sets it up; one to each endpoint, and callers have one each.
    Tonic,
    /// tonic's balanced `Channel` on the multi-thread runtime.
    TonicBalanced,
    /// tonic's `Channel`s on each of one runtime per core, to the endpoints of one server each.
    TonicShards,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Bellhop,
        Self::BellhopThreads,
        Self::BellhopOne,
        Self::Tonic,
        Self::TonicBalanced,
        Self::TonicShards,
    ];

    /// As the command line has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bellhop => "bellhop",
            Self::BellhopThreads => "bellhop-threads",
            Self::BellhopOne => "bellhop-one",
            Self::Tonic => "tonic",
            Self::TonicBalanced => "tonic-balanced",
            Self::TonicShards => "tonic-shards",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Failure> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("no such caller: {name}").into())
    }

    /// Whether it finds servers by a registry.
    pub(crate) fn is_member(self) -> bool {
        matches!(
            self,
            Self::Bellhop | Self::BellhopThreads | Self::BellhopOne
        )
    }
}

/// Calls as the lines of the input say. `targets` are one registry that names so many endpoints, or the endpoints
/// themselves, so many of each server's.
pub(crate) fn call(kind: Kind, endpoints: usize, targets: &[SocketAddr]) -> Result<(), Failure> {
    let shards = |count| -> Result<(), Failure> {
        let shards = Shards::start(count)?;
        call_from(kind, shards.handles(), endpoints, targets)
    };
    match kind {
        Kind::Bellhop | Kind::TonicShards => shards(Shards::cores()),
        Kind::BellhopOne => shards(std::num::NonZeroUsize::MIN),
        Kind::BellhopThreads | Kind::Tonic | Kind::TonicBalanced => {
            let runtime = Builder::new_multi_thread().enable_all().build()?;
            call_from(kind, &[runtime.handle().clone()], endpoints, targets)
        }
    }
}

fn call_from(
    kind: Kind,
    handles: &[Handle],
    endpoints: usize,
    targets: &[SocketAddr],
) -> Result<(), Failure> {
    if kind.is_member() {
        let registry = targets.first().ok_or("no registry")?;
        let mesh = server::mesh("bench", *registry, &[])?;
        let channels = handles.iter().map(|handle| {
            let _entered = handle.enter();
            let channel = mesh.channel(server::SERVICE);
            until_connected(&channel, endpoints).map(|()| (handle.clone(), channel))
        });
        return work(channels.collect::<Result<_, Failure>>()?);
    }
    let targets = targets
        .iter()
        .map(|target| Endpoint::from_shared(format!("http://{target}")));
    let targets: Vec<Endpoint> = targets.collect::<Result<_, _>>()?;
    // Each runtime has a server of its own where there are several. Runtimes take turns, so that callers are spread evenly over them.
    let connect = |each: usize| {
        let handles = handles.iter().zip(targets.chunks(endpoints).cycle());
        handles.map(move |(handle, targets)| -> Result<_, Failure> {
            let _entered = handle.enter();
            let channel = match kind {
                Kind::TonicBalanced => transport::Channel::balance_list(targets.iter().cloned()),
                _ => handle.block_on(targets[each].connect())?,
            };
            Ok((handle.clone(), channel))
        })
    };
    let channels = match kind {
        Kind::TonicBalanced => 1,
        _ => endpoints,
    };
    work((0..channels).flat_map(connect).collect::<Result<_, _>>()?)
}

fn until_connected(channel: &bellhop::Channel, endpoints: usize) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let report = channel.report();
        if report.connected >= endpoints {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            let connected = report.connected;
            return Err(format!("{connected} of {endpoints} connected after {PATIENCE:?}").into());
        }
        thread::sleep(PAUSE);
    }
}
