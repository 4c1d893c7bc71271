//! What runs besides requests: probes, and the clock that TTLs and reaping go by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::app::App;
use crate::probe::Probe;

/// Keeps one probe running for each check that wants one. Dropping it ends them all.
pub(crate) async fn supervise_probes(app: Arc<App>) {
    let mut changes = app.changes();
    let mut tasks = JoinSet::new();
    let mut running: BTreeMap<u64, AbortHandle> = BTreeMap::new();
    loop {
        changes.mark_unchanged();
        let wanted: Vec<_> = app.read(|state| {
            state
                .probes()
                .map(|(id, generation, probe)| (id.to_owned(), generation, Arc::clone(probe)))
                .collect()
        });
        let alive: BTreeSet<_> = wanted
            .iter()
            .map(|(_, generation, _)| *generation)
            .collect();
        running.retain(|generation, task| {
            let keep = alive.contains(generation);
            if !keep {
                task.abort();
            }
            keep
        });
        for (id, generation, probe) in wanted {
            running
                .entry(generation)
                .or_insert_with(|| tasks.spawn(run_probe(app.clone(), id, generation, probe)));
        }
        while tasks.try_join_next().is_some() {}
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// The first look is taken at once, where Consul waits a random part of the interval: with a
/// handful of services there is no herd to spread.
async fn run_probe(app: Arc<App>, id: String, generation: u64, probe: Arc<Probe>) {
    loop {
        let finding = probe.look().await;
        app.write(|state, now| state.report(&id, generation, finding.status, &finding.output, now));
        sleep(probe.interval).await;
    }
}

/// Lets TTLs run out, and critical services go.
pub(crate) async fn keep_time(app: Arc<App>) {
    let mut changes = app.changes();
    let mut reap = interval(app.config.reap_interval);
    reap.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        changes.mark_unchanged();
        let expiry = app.read(|state| state.next_expiry());
        let expired = async {
            match expiry {
                Some(expiry) => sleep_until(Instant::from_std(expiry)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => app.write(|state, now| state.expire(now)),
            _ = reap.tick() => {
                for id in app.write(|state, now| state.reap(now)) {
                    tracing::info!(service = %id, "took out a service that stayed critical");
                }
            }
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
