//! Instances that are registered and do nothing, and callers who follow them and call nobody.

use std::{collections::BTreeMap, time::Duration};

use bellhop::{
    consul::{Check, Config, Consul, Definition, HealthState, Probe, Weights},
    discovery::{Change, Event, Settings, watch},
};
use e2e::Registry;
use futures_util::StreamExt;
use tokio::{sync::mpsc::UnboundedSender, task::JoinSet, time::Instant};

use crate::Failure;

pub(crate) const SERVICE: &str = "crowd";
/// Longer than any row takes.
const TTL: Duration = Duration::from_secs(3600);
/// Registrations under way at a time.
const AT_ONCE: usize = 16;

/// A client of a registry, with connections of its own.
pub(crate) fn client(registry: &Registry) -> Result<Consul, Failure> {
    let config = Config::at(&format!("http://{}", registry.address()))?;
    Ok(Consul::new(config.timeout(Duration::from_secs(60))))
}

/// One of the instances, as a member of the mesh would register it.
pub(crate) fn instance(number: usize) -> Definition {
    let id = format!("{SERVICE}-10-0-{}-{}-7000", number / 250, number % 250);
    Definition {
        name: SERVICE.to_owned(),
        address: format!("10.0.{}.{}", number / 250, number % 250),
        port: 7000,
        tags: vec!["grpc".to_owned()],
        meta: BTreeMap::from([
            ("bellhop".to_owned(), "1".to_owned()),
            ("version".to_owned(), "1.0.0".to_owned()),
        ]),
        weights: Weights::default(),
        checks: vec![Check {
            id: format!("{id}:ttl"),
            name: "the member reports".to_owned(),
            notes: String::new(),
            probe: Probe::Ttl { ttl: TTL },
            status: HealthState::Passing,
            deregister_after: None,
        }],
        id,
    }
}

/// Registers so many.
pub(crate) async fn register(registry: &Registry, count: usize) -> Result<(), Failure> {
    let mut working = JoinSet::new();
    for first in 0..AT_ONCE {
        let consul = client(registry)?;
        working.spawn(async move {
            for number in (first..count).step_by(AT_ONCE) {
                consul.register(&instance(number)).await?;
            }
            Ok::<_, bellhop::consul::Error>(())
        });
    }
    while let Some(done) = working.join_next().await {
        done??;
    }
    Ok(())
}

/// What a caller hears: how many instances it knows then, and when.
pub(crate) struct Heard {
    pub(crate) known: usize,
    pub(crate) at: Instant,
}

/// Follows the service for ever, and tells of each change.
pub(crate) async fn follow(consul: Consul, heard: UnboundedSender<Heard>) {
    let mut events = watch(consul, SERVICE, Settings::default());
    let mut known = 0usize;
    while let Some(event) = events.next().await {
        let Event::Answer { changes, .. } = event else {
            continue;
        };
        if changes.is_empty() {
            continue;
        }
        for change in changes {
            match change {
                Change::Insert(..) => known += 1,
                Change::Remove(_) => known -= 1,
                _ => {}
            }
        }
        let at = Instant::now();
        if heard.send(Heard { known, at }).is_err() {
            return;
        }
    }
}
