//! The export of spans on a thread that does nothing else.

use std::{sync::Arc, time::Duration};

use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use tokio::runtime::{Builder, Runtime};

use super::{collector::Collector, export::StartError, queue::Losses};
use crate::context::Voice;

/// The exporter with a runtime of its own, on a thread of its own.
///
/// The connections of both protocols need a tokio runtime, which the processor's thread does not have; those of the
/// members come and go, and would do the work of the export on the cores that serve. It runs between exports as well:
/// a connection that the collector closes is then noticed at once, not by the next batch, which would be lost with it.
#[derive(Debug)]
pub(super) struct Background {
    // None only while it is dropped.
    runtime: Option<Runtime>,
    otlp: Otlp,
    endpoint: String,
    timeout: Duration,
    /// One warning at the first that is lost, one line at the end, silence between.
    losses: Arc<Losses>,
    voice: Voice,
}

impl Background {
    /// Builds the exporter within its runtime. `timeout` bounds one batch with all its retries.
    pub(super) fn new(
        collector: &Collector,
        timeout: Duration,
        losses: Arc<Losses>,
    ) -> Result<Self, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bellhop-telemetry")
            .enable_all()
            .build()?;
        let otlp = {
            let _entered = runtime.enter();
            collector.exporter()?
        };
        Ok(Self {
            runtime: Some(runtime),
            otlp,
            endpoint: collector.endpoint.clone(),
            timeout,
            losses,
            voice: Voice::current(),
        })
    }
}

impl SpanExporter for Background {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let Some(runtime) = &self.runtime else {
            return Err(OTelSdkError::AlreadyShutdown);
        };
        let spans = batch.len() as u64;
        self.losses.left(spans);
        let result = runtime.block_on(async {
            tokio::time::timeout(self.timeout, self.otlp.export(batch))
                .await
                .unwrap_or(Err(OTelSdkError::Timeout(self.timeout)))
        });
        self.voice.run(|| self.report(spans, &result));
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

impl Background {
    fn report(&self, spans: u64, result: &OTelSdkResult) {
        match result {
            Ok(()) => {
                let lost = self.losses.succeeded();
                if lost > 0 {
                    tracing::info!(endpoint = self.endpoint, lost, "spans are exported again");
                }
            }
            Err(error) => {
                if self.losses.failed(spans) == 0 {
                    tracing::warn!(
                        endpoint = self.endpoint,
                        %error,
                        "spans cannot be exported; they are dropped, quietly from here on"
                    );
                }
            }
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A plain drop would wait for a name lookup that hangs.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::{heard::Heard, telemetry::collector::Transport};

    #[test]
    fn a_long_failure_is_two_lines_of_log() {
        let collector = Collector {
            transport: Transport::Http,
            endpoint: "http://127.0.0.1:1/v1/traces".to_owned(),
            headers: HeaderMap::new(),
            timeout: Duration::from_secs(1),
            roots: None,
        };
        let background =
            Background::new(&collector, Duration::from_secs(1), Arc::default()).unwrap();
        let failed = Err(OTelSdkError::InternalFailure("refused".to_owned()));

        let heard = Heard::from_now_on();
        background.report(1, &Ok(()));
        for _ in 0..50 {
            background.report(2, &failed);
        }
        background.report(1, &Ok(()));
        background.report(1, &Ok(()));

        let lines = heard.lines();
        let [first, last] = &lines[..] else {
            panic!("{lines:#?}")
        };
        assert!(
            first.contains("WARN") && first.contains("refused"),
            "{first}"
        );
        assert!(last.contains("INFO") && last.contains("lost=100"), "{last}");
    }
}
