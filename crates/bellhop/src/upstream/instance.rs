//! How one instance stands.

use std::{collections::BTreeMap, net::SocketAddr, time::SystemTime};

use serde::Serialize;

use super::{report::timestamp, state::Seen};
use crate::{
    balance::WHOLE,
    breaker::BreakerState,
    discovery::{About, InstanceId},
    endpoint::{Connected, Counts, Failure, Standing, Tallied},
    registration::VERSION,
};

/// How an instance stands, as this process sees it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct InstanceReport {
    /// Its id in the registry.
    pub id: String,
    /// Host and port; `None` where it is not to be called.
    pub address: Option<String>,
    /// The node that it is registered at; as all that the registry says, `None` where it has not said it.
    pub node: Option<String>,
    /// Its version, where it says one.
    pub version: Option<String>,
    /// Its tags in the registry.
    pub tags: Option<Vec<String>>,
    /// What else the registry has of it, such as a zone: names and values.
    pub meta: Option<BTreeMap<String, String>>,
    /// What is being done about it.
    pub state: InstanceState,
    /// Whether the registry does not vouch for it: it stays while it answers.
    pub kept: bool,
    /// Its share of the turns, as the registry has it.
    pub weight: Option<u32>,
    /// What it has of that share while it is new, in tenths; 10 is all of it.
    pub share: u32,
    /// Where its breaker stands.
    pub breaker: BreakerState,
    /// Whether it stays in turn although its breaker is open, for too many are.
    pub exempt: bool,
    /// Why it has no turn, where it has none.
    pub out_of_turn: Option<&'static str>,
    /// Why it could not be connected the last time, where it is not.
    pub connect_error: Option<String>,
    /// The connections to it, at most one for each shard.
    pub connections: Vec<ConnectionReport>,
    /// The calls that it had from this process.
    pub calls: CallsReport,
    /// How long answers took to begin, of late; `None` where there were none.
    pub latency: Option<LatencyReport>,
    /// The last call that failed.
    pub last_error: Option<ErrorReport>,
}

/// Calls to an instance since this process knows it, or to a service since then, each attempt one.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct CallsReport {
    /// All.
    pub begun: u64,
    /// Those that are not answered to the end.
    pub in_flight: u64,
    /// Those that the instance is to blame for, as its breaker sees it.
    pub failed: u64,
    /// When the last one began.
    #[serde(serialize_with = "timestamp")]
    pub last: Option<SystemTime>,
}

/// How long answers took to begin in the last half a minute to a minute, to about a tenth.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct LatencyReport {
    /// How many there were.
    pub calls: u64,
    /// Half of them took no longer, in milliseconds.
    pub p50_ms: f64,
    /// All but one of a hundred took no longer, in milliseconds.
    pub p99_ms: f64,
}

/// A call that failed.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ErrorReport {
    /// The gRPC status, or what happened to the connection.
    pub what: String,
    /// When.
    #[serde(serialize_with = "timestamp")]
    pub at: Option<SystemTime>,
}

/// What is being done about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InstanceState {
    /// At least one shard can send it calls.
    Connected,
    /// It is being connected.
    Connecting,
    /// It has said that it goes: it finishes what it has.
    Draining,
    /// The registry finds it critical, and it is not called.
    Critical,
}

/// One connection to an instance.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConnectionReport {
    /// Which of the process's shards it belongs to.
    pub shard: usize,
    /// This end of it.
    pub local: Option<SocketAddr>,
    /// The other end.
    pub remote: SocketAddr,
    /// Whether the other end takes no new calls.
    pub draining: bool,
    /// The calls over it.
    pub streams: StreamsReport,
}

/// Calls over one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamsReport {
    /// All.
    pub begun: u64,
    /// Those that are over.
    pub ended: u64,
    /// Of these, those that the instance is to blame for.
    pub failed: u64,
}

impl StreamsReport {
    /// Those that are over and have not failed.
    pub fn succeeded(&self) -> u64 {
        self.ended.saturating_sub(self.failed)
    }
}

impl CallsReport {
    /// Those that are over and have not failed.
    pub fn succeeded(&self) -> u64 {
        self.begun.saturating_sub(self.in_flight + self.failed)
    }
}

impl InstanceReport {
    /// Of an instance that may be called.
    pub(super) fn known(seen: Seen, standing: Option<&Standing>, tallied: Tallied) -> Self {
        let connections: Vec<_> = seen.connections.into_iter().map(connection).collect();
        let benched = standing.is_some_and(|standing| standing.benched);
        let state = match connections
            .iter()
            .map(|connection| connection.draining)
            .min()
        {
            _ if benched => InstanceState::Critical,
            None => InstanceState::Connecting,
            Some(false) => InstanceState::Connected,
            Some(true) => InstanceState::Draining,
        };
        Self {
            id: seen.id.as_str().to_owned(),
            address: Some(seen.address),
            node: None,
            version: None,
            tags: None,
            meta: None,
            state,
            kept: seen.kept && !benched,
            weight: Some(seen.weight),
            share: standing.map_or(WHOLE, |standing| standing.share),
            breaker: standing.map_or_else(BreakerState::default, |standing| standing.breaker),
            exempt: standing.is_some_and(|standing| standing.exempt),
            out_of_turn: standing.and_then(Standing::out_of_turn),
            connect_error: None,
            connections,
            calls: calls(&tallied),
            latency: latency(&tallied.latencies),
            last_error: tallied
                .failure
                .map(|Failure { what, at }| ErrorReport { what, at: Some(at) }),
        }
    }

    /// Of one that is not called for being critical.
    pub(super) fn critical(id: &InstanceId) -> Self {
        Self {
            id: id.as_str().to_owned(),
            address: None,
            node: None,
            version: None,
            tags: None,
            meta: None,
            state: InstanceState::Critical,
            kept: false,
            weight: None,
            share: WHOLE,
            breaker: BreakerState::Off,
            exempt: false,
            out_of_turn: Some("critical in the registry"),
            connect_error: None,
            connections: Vec::new(),
            calls: CallsReport::default(),
            latency: None,
            last_error: None,
        }
    }
}

impl InstanceReport {
    /// With what the registry says of it beside that.
    pub(super) fn told(mut self, about: &BTreeMap<InstanceId, About>) -> Self {
        let id = InstanceId::new(&*self.id);
        if let Some(about) = about.get(&id) {
            self.node = Some(about.node.clone());
            self.version = about.meta.get(VERSION).cloned();
            self.tags = Some(about.tags.clone());
            self.meta = Some(about.meta.clone());
        }
        self
    }
}

pub(super) fn calls(tallied: &Tallied) -> CallsReport {
    CallsReport {
        begun: tallied.begun,
        in_flight: tallied.begun.saturating_sub(tallied.ended),
        failed: tallied.failed,
        last: tallied.last,
    }
}

fn latency(counts: &Counts) -> Option<LatencyReport> {
    let millis = |per_mille| {
        let took = counts.quantile(per_mille)?;
        Some(took.as_micros() as f64 / 1000.0)
    };
    Some(LatencyReport {
        calls: counts.total(),
        p50_ms: millis(500)?,
        p99_ms: millis(990)?,
    })
}

fn connection((shard, connected): (usize, Connected)) -> ConnectionReport {
    ConnectionReport {
        shard,
        local: connected.local,
        remote: connected.remote,
        draining: connected.draining,
        streams: connected.streams,
    }
}
