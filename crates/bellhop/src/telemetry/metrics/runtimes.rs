//! The runtimes that a member works on.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;

use super::{
    Source,
    catalogue::{BUSY, PARKS, QUEUE, SHARD, TASKS, WORKERS},
    snapshot::{Attributes, Snapshot},
};

/// A program has one for each core; more are told of together.
const RUNTIMES: usize = 256;

/// The runtimes that a member works on, in the order in which it came to know them.
#[derive(Debug, Default)]
pub(super) struct Runtimes(Mutex<Vec<Handle>>);

impl Runtimes {
    /// Remembers a runtime.
    pub(super) fn add(&self, handle: &Handle) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = known.iter().all(|known| known.id() != handle.id());
        if is_new && known.len() < RUNTIMES {
            known.push(handle.clone());
        }
    }
}

impl Source for Runtimes {
    fn collect(&self, into: &mut Snapshot) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, handle) in known.iter().enumerate() {
            let metrics = handle.metrics();
            let workers = 0..metrics.num_workers();
            let busy = |worker| metrics.worker_total_busy_duration(worker).as_secs_f64();
            let parks = |worker| metrics.worker_park_count(worker) as f64;
            let attributes: Attributes = vec![(SHARD, index.to_string().into())];
            for (metric, value) in [
                (&WORKERS, workers.len() as f64),
                (&TASKS, metrics.num_alive_tasks() as f64),
                (&QUEUE, metrics.global_queue_depth() as f64),
                (&BUSY, workers.clone().map(busy).sum()),
                (&PARKS, workers.map(parks).sum()),
            ] {
                into.number(metric, attributes.clone(), value);
            }
        }
    }
}
