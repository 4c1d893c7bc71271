//! The queue of spans on their way out, and what is lost on that way.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, SpanData, SpanProcessor},
};
use opentelemetry_semantic_conventions::attribute::ERROR_TYPE;

use super::metrics::{DROPPED, Snapshot, Source};

/// The SDK's batch processor, which says nothing of what it drops: here that is done, and counted, before it would have to.
#[derive(Debug)]
pub(super) struct Queue {
    processor: BatchSpanProcessor,
    losses: Arc<Losses>,
    room: usize,
}

/// Spans that never reached the collector, and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    waiting: AtomicUsize,
    /// They found the queue full.
    full: AtomicU64,
    /// The collector did not take them.
    failed: AtomicU64,
    /// The same since it last took some.
    failed_lately: AtomicU64,
}

impl Queue {
    /// In front of a processor whose queue has so much room.
    pub(super) fn new(processor: BatchSpanProcessor, room: usize, losses: Arc<Losses>) -> Self {
        Self {
            processor,
            losses,
            room,
        }
    }

    pub(super) fn losses(&self) -> &Arc<Losses> {
        &self.losses
    }

    /// Has a span exported, where there is room for it.
    pub(super) fn push(&self, span: SpanData) {
        if self.losses.waiting.fetch_add(1, Relaxed) < self.room {
            self.processor.on_end(span);
        } else {
            self.losses.waiting.fetch_sub(1, Relaxed);
            self.losses.full.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    pub(super) fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }

    pub(super) fn shutdown(&self, bound: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(bound)
    }
}

impl Losses {
    /// So many wait no longer.
    pub(super) fn left(&self, spans: u64) {
        self.waiting.fetch_sub(spans as usize, Relaxed);
    }

    /// The collector did not take so many. How many it had not taken before, since it last took some.
    pub(super) fn failed(&self, spans: u64) -> u64 {
        self.failed.fetch_add(spans, Relaxed);
        self.failed_lately.fetch_add(spans, Relaxed)
    }

    /// The collector took some. How many it had not taken before.
    pub(super) fn succeeded(&self) -> u64 {
        self.failed_lately.swap(0, Relaxed)
    }

    /// Whether it took the last ones.
    pub(super) fn is_well(&self) -> bool {
        self.failed_lately.load(Relaxed) == 0
    }
}

impl Source for Losses {
    fn collect(&self, into: &mut Snapshot) {
        for (name, count) in [("queue_full", &self.full), ("export_failed", &self.failed)] {
            let count = count.load(Relaxed) as f64;
            into.number(&DROPPED, [(ERROR_TYPE, name.into())], count);
        }
    }
}
