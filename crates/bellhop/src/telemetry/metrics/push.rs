//! Sends all metrics at intervals, from a thread that does nothing else.

use std::{sync::Weak, thread, time::Duration};

use tokio::{
    runtime::Builder,
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{
    Registry,
    exporter::{ExportError, Exporter},
    otlp,
};
use crate::{
    context::Voice,
    telemetry::{StartError, collector::Collector},
};

/// How metrics are pushed.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(in crate::telemetry) collector: Collector,
    pub(in crate::telemetry) interval: Duration,
    /// The most that one export may take.
    pub(in crate::telemetry) timeout: Duration,
}

/// The thread. Dropped, it ends without a last word.
#[derive(Debug)]
pub(super) struct Push {
    end: oneshot::Sender<oneshot::Sender<bool>>,
}

struct Work {
    exporter: Exporter,
    settings: Settings,
    registry: Weak<Registry>,
    /// How many pushes in turn have failed; the first was told.
    failures: u64,
}

impl Push {
    /// Begins.
    pub(super) fn start(settings: Settings, registry: Weak<Registry>) -> Result<Self, StartError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let exporter = {
            let _entered = runtime.enter();
            Exporter::new(&settings.collector)?
        };
        let work = Work {
            exporter,
            settings,
            registry,
            failures: 0,
        };
        let voice = Voice::current();
        let (end, ended) = oneshot::channel();
        let name = "bellhop-metrics".to_owned();
        thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(voice.carry(work.until(ended)));
            // A plain drop would wait for a name lookup that hangs.
            runtime.shutdown_background();
        })?;
        Ok(Self { end })
    }

    /// Sends what there is for the last time, and waits for that no longer than `bound`. Whether it was taken.
    pub(super) async fn end(self, bound: Duration) -> bool {
        let (done, last) = oneshot::channel();
        let asked = self.end.send(done).is_ok();
        asked && matches!(timeout(bound, last).await, Ok(Ok(true)))
    }
}

impl Work {
    async fn until(mut self, mut ended: oneshot::Receiver<oneshot::Sender<bool>>) {
        let start = Instant::now() + self.settings.interval;
        let mut ticks = interval_at(start, self.settings.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let last = loop {
            tokio::select! {
                last = &mut ended => break last,
                () = async {
                    ticks.tick().await;
                    self.push().await;
                } => {}
            }
        };
        if let Ok(last) = last {
            self.push().await;
            let _ = last.send(self.failures == 0);
        }
    }

    /// One at a time: what a slow collector misses is in the next.
    async fn push(&mut self) {
        let Some(registry) = self.registry.upgrade() else {
            return;
        };
        let resource = registry.resource.get().map(Vec::as_slice);
        let resource = resource.unwrap_or_default();
        let request = otlp::request(&registry.snapshot(), resource, registry.begun);
        drop(registry);
        let sent = timeout(self.settings.timeout, self.exporter.export(request)).await;
        self.note(sent.unwrap_or(Err(ExportError::Late)));
    }

    /// One line when it begins to fail, one with how often it did when it works again, silence between.
    fn note(&mut self, sent: Result<(), ExportError>) {
        let endpoint = &self.settings.collector.endpoint;
        match sent {
            Ok(()) => {
                let failures = std::mem::take(&mut self.failures);
                if failures > 0 {
                    tracing::info!(endpoint, failures, "metrics are exported again");
                }
            }
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(endpoint, %error, "metrics cannot be exported, quietly from here on");
                }
                self.failures += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::{heard::Heard, telemetry::collector::Transport};

    #[tokio::test]
    async fn a_long_failure_is_two_lines_of_log() {
        let collector = Collector {
            transport: Transport::Http,
            endpoint: "http://127.0.0.1:1/v1/metrics".to_owned(),
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(1),
            roots: None,
        };
        let mut work = Work {
            exporter: Exporter::new(&collector).unwrap(),
            settings: Settings {
                collector,
                interval: Duration::from_secs(60),
                timeout: Duration::from_secs(1),
            },
            registry: Weak::new(),
            failures: 0,
        };
        let heard = Heard::from_now_on();
        work.note(Ok(()));
        for _ in 0..50 {
            work.note(Err(ExportError::Refused(StatusCode::FORBIDDEN)));
        }
        work.note(Ok(()));
        work.note(Ok(()));

        let lines = heard.lines();
        let [first, last] = &lines[..] else {
            panic!("{lines:#?}")
        };
        assert!(
            first.contains("WARN") && first.contains("metrics cannot be exported"),
            "{first}"
        );
        assert!(first.contains("403"), "{first}");
        assert!(
            last.contains("INFO") && last.contains("metrics are exported again"),
            "{last}"
        );
        assert!(last.contains("failures=50"), "{last}");
    }
}
