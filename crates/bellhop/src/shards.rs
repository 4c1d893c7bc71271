//! One single-threaded runtime per core.
//!
//! On a runtime of several threads each message is a write of its own and wakes another thread; a single-threaded one
//! batches writes and wakes nobody, which halves the cost of a hop.

use std::{
    fmt, io,
    num::NonZeroUsize,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

/// Threads with a runtime each. Dropping it ends the threads, with all that still runs on them, and waits for them no longer
/// than [`END_WITHIN`](Self::END_WITHIN).
pub struct Shards {
    handles: Vec<Handle>,
    stop: Option<DropGuard>,
    /// Closed once all threads have ended.
    ended: Receiver<()>,
    /// How long a drop waits for that.
    patience: Duration,
}

impl Shards {
    /// How long what blocks a thread is waited for: a handler that does not return, a lookup of a name.
    pub const END_WITHIN: Duration = Duration::from_secs(1);

    /// Starts so many threads.
    ///
    /// # Errors
    /// What the system says when it cannot.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let (running, ended) = mpsc::channel();
        let mut shards = Self {
            handles: Vec::with_capacity(count.get()),
            stop: Some(stop.clone().drop_guard()),
            ended,
            patience: Self::END_WITHIN,
        };
        for index in 0..count.get() {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            shards.handles.push(runtime.handle().clone());
            let (stopped, running) = (stop.clone(), running.clone());
            let thread = thread::Builder::new().name(format!("bellhop-{index}"));
            thread.spawn(move || run(runtime, &stopped, running))?;
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

    /// Ends the threads and the runtime that the mesh's own work ran on, with all that still runs on them. What blocks a thread
    /// is waited for no longer than [`END_WITHIN`](Self::END_WITHIN), and then left to end with the process.
    pub fn end(mut self, control: Runtime) {
        let within = Self::END_WITHIN;
        if !self.stop_within(within) {
            warn!(after = ?within, "a handler blocks its thread, which is not waited for");
        }
        // A plain drop would wait for a name lookup that hangs.
        control.shutdown_timeout(within);
    }

    /// The same without waiting for anything: for when the process is to end at once.
    pub fn abandon(mut self, control: Runtime) {
        self.stop_within(Duration::ZERO);
        control.shutdown_background();
    }

    /// Whether all have ended.
    fn stop_within(&mut self, within: Duration) -> bool {
        // Whoever drops it after this has waited already.
        self.patience = Duration::ZERO;
        self.stop.take();
        self.ended.recv_timeout(within) == Err(RecvTimeoutError::Disconnected)
    }
}

/// Until it is told to stop, and what has begun to block the runtime's threads is done.
fn run(runtime: Runtime, stop: &CancellationToken, running: Sender<()>) {
    runtime.block_on(stop.cancelled());
    drop(runtime);
    drop(running);
}

impl Drop for Shards {
    fn drop(&mut self) {
        self.stop_within(self.patience);
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards")
            .field("count", &self.handles.len())
            .finish_non_exhaustive()
    }
}
