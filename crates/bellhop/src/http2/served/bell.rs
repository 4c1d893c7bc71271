//! Whether who is woken has to be woken from its sleep: one word, changed by compare-and-swap.
//!
//! The module is compiled a second time over loom's atomics, see `tests/interleavings.rs`.

use super::atomic::{AtomicU8, Ordering};

/// Whoever is woken is woken.
const RESTING: u8 = 0;
const BUSY: u8 = 1;
/// Busy, and woken since the step began.
const AGAIN: u8 = 2;

/// What is rung to wake a task.
#[derive(Debug)]
pub(super) struct Bell(AtomicU8);

impl Bell {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(RESTING))
    }

    /// A step begins: it sees whatever it was rung for before.
    pub(super) fn begin(&self) {
        self.0.store(BUSY, Ordering::SeqCst);
    }

    /// The step is over. Whether it was the last: nobody has rung since it began.
    pub(super) fn rest(&self) -> bool {
        self.swap(BUSY, RESTING).is_ok()
    }

    /// The step is over and the last, whoever has rung.
    pub(super) fn stop(&self) {
        self.0.store(RESTING, Ordering::SeqCst);
    }

    /// Rings. Whether the task has to be woken: it does not see it by itself.
    pub(super) fn ring(&self) -> bool {
        self.swap(BUSY, AGAIN) == Err(RESTING)
    }

    fn swap(&self, from: u8, to: u8) -> Result<u8, u8> {
        self.0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst)
    }
}
