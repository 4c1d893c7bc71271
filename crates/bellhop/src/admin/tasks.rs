//! What the runtimes of a member say of themselves.

use std::time::Duration;

use serde::Serialize;
use tokio::runtime::{Handle, RuntimeMetrics};

/// The runtimes of a member.
#[derive(Debug, Serialize)]
pub(super) struct Tasks {
    /// The one that the work of the mesh itself runs on.
    control: Runtime,
    /// Those that calls run on.
    shards: Vec<Runtime>,
}

#[derive(Debug, Serialize)]
struct Runtime {
    workers: usize,
    alive_tasks: usize,
    /// Tasks that were woken from outside of the runtime and wait for a worker.
    queue: usize,
    /// How long its workers have had something to do, all together.
    busy_seconds: f64,
    /// How often they had nothing to do.
    parks: u64,
}

impl Tasks {
    pub(super) fn of(control: &Handle, shards: &[Handle]) -> Self {
        Self {
            control: Runtime::of(&control.metrics()),
            shards: shards
                .iter()
                .map(|shard| Runtime::of(&shard.metrics()))
                .collect(),
        }
    }
}

impl Runtime {
    fn of(metrics: &RuntimeMetrics) -> Self {
        let workers = metrics.num_workers();
        let busy: Duration = (0..workers)
            .map(|worker| metrics.worker_total_busy_duration(worker))
            .sum();
        Self {
            workers,
            alive_tasks: metrics.num_alive_tasks(),
            queue: metrics.global_queue_depth(),
            busy_seconds: busy.as_secs_f64(),
            parks: (0..workers)
                .map(|worker| metrics.worker_park_count(worker))
                .sum(),
        }
    }
}
