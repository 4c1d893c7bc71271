//! One single-threaded runtime per core.
//!
//! On a runtime of several threads each message is a write of its own and wakes another thread; a single-threaded one
//! batches writes and wakes nobody, which halves the cost of a hop.

use std::{fmt, io, num::NonZeroUsize, thread};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads with a runtime each. Dropping it ends the threads, with all that still runs on them.
pub struct Shards {
    handles: Vec<Handle>,
    threads: Vec<thread::JoinHandle<()>>,
    stop: Option<DropGuard>,
}

impl Shards {
    /// Starts so many threads.
    ///
    /// # Errors
    /// What the system says when it cannot.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let mut shards = Self {
            handles: Vec::with_capacity(count.get()),
            threads: Vec::with_capacity(count.get()),
            stop: Some(stop.clone().drop_guard()),
        };
        for index in 0..count.get() {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            shards.handles.push(runtime.handle().clone());
            let stopped = stop.clone().cancelled_owned();
            let thread = thread::Builder::new().name(format!("bellhop-{index}"));
            shards
                .threads
                .push(thread.spawn(move || runtime.block_on(stopped))?);
        }
        Ok(shards)
    }

    /// As many threads as this process may use cores.
    pub fn cores() -> NonZeroUsize {
        thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }

    /// The runtimes.
    pub fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        self.stop.take();
        for thread in self.threads.drain(..) {
            // A shard that panicked has said so; there is nothing to add while leaving.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards")
            .field("count", &self.handles.len())
            .finish_non_exhaustive()
    }
}
