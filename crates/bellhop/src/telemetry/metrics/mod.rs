//! What there is to count, for each member, as text for Prometheus and by OTLP.
//!
//! What happens for each call is written to histograms that take no lock and belong to one runtime alone, under a series that
//! was bound to its method and its end before; what merely stands somewhere is read when somebody asks. All metrics are in
//! one list, `catalogue.rs`, and each has a bounded number of series.

mod catalogue;
mod exporter;
mod histogram;
mod http;
mod otlp;
mod process;
pub(crate) mod push;
mod refusals;
mod rpc;
mod runtimes;
mod snapshot;
mod table;
mod text;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use tokio::runtime::Handle;

pub(crate) use self::{
    catalogue::*,
    histogram::BOUNDS,
    http::{Requests, Timing as HttpTiming},
    refusals::Limiter,
    rpc::{Calls, Timing as RpcTiming},
    snapshot::{Attributes, CallCounts, ServedCounts, Snapshot},
};
use self::{process::Process, push::Push, runtimes::Runtimes, text::Format};
use super::StartError;

/// The metrics of one member; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Option<Arc<Registry>>);

/// All metrics as text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricsText {
    /// What the text is, for the header of that name.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

/// Something that knows a part of the metrics.
pub(crate) trait Source: Send + Sync {
    /// Adds what it knows.
    fn collect(&self, into: &mut Snapshot);
}

struct Registry {
    begun: SystemTime,
    sources: Mutex<Sources>,
    resource: OnceLock<Vec<(String, String)>>,
    runtimes: Runtimes,
    push: Mutex<Option<Push>>,
}

#[derive(Default)]
struct Sources {
    /// Those that count: what they counted stays when they are gone.
    recorders: Vec<Arc<dyn Source>>,
    /// What those counted that are gone.
    past: Snapshot,
    /// Those that are looked at for as long as there is something to see.
    observed: Vec<Weak<dyn Source>>,
}

impl Metrics {
    /// Metrics that are recorded, or not.
    pub(crate) fn new(on: bool) -> Self {
        Self(on.then(|| Arc::new(Registry::begin())))
    }

    /// All metrics as Prometheus' text; as OpenMetrics, with exemplars, where `accept` asks for that: the header of that name.
    #[must_use]
    pub fn text(&self, accept: Option<&str>) -> MetricsText {
        let format = Format::accepted(accept);
        let resource = self.0.as_ref().and_then(|registry| registry.resource.get());
        let resource = resource.map(Vec::as_slice).unwrap_or_default();
        MetricsText {
            content_type: format.content_type(),
            body: format.write(&self.snapshot(), resource),
        }
    }

    /// Sends them from now on.
    ///
    /// # Errors
    /// Where the exporter cannot be built.
    pub(crate) fn push(&self, settings: push::Settings) -> Result<(), StartError> {
        if let Some(registry) = &self.0 {
            let push = Push::start(settings, Arc::downgrade(registry))?;
            *registry.pushing() = Some(push);
        }
        Ok(())
    }

    /// Sends them for the last time, where they are sent, and waits for that no longer than `bound`. Whether they were taken.
    pub(crate) async fn end(&self, bound: Duration) -> bool {
        let push = self
            .0
            .as_ref()
            .and_then(|registry| registry.pushing().take());
        match push {
            Some(push) => push.end(bound).await,
            None => true,
        }
    }

    /// Says who they are of; the first to come is heard.
    pub(crate) fn describe(&self, resource: Vec<(String, String)>) {
        if let Some(registry) = &self.0 {
            let _ = registry.resource.set(resource);
        }
    }

    /// Counts calls to a service, from one runtime.
    pub(crate) fn calls_to(&self, service: &Arc<str>) -> Option<Arc<Calls>> {
        self.recorder(|| Calls::to(service.clone()))
    }

    /// Counts calls to the services of a server, on one runtime.
    pub(crate) fn calls_at(
        &self,
        services: impl IntoIterator<Item = &'static str>,
    ) -> Option<Arc<Calls>> {
        self.recorder(|| Calls::at(services))
    }

    /// Counts HTTP requests to a server, on one runtime.
    pub(crate) fn requests(&self) -> Option<Arc<Requests>> {
        self.recorder(Requests::new)
    }

    /// A runtime that the member works on.
    pub(crate) fn works_on(&self, runtime: &Handle) {
        if let Some(registry) = &self.0 {
            registry.runtimes.add(runtime);
        }
    }

    /// Something that counts, from now on.
    pub(crate) fn recorder<S: Source + 'static>(&self, make: impl FnOnce() -> S) -> Option<Arc<S>> {
        let registry = self.0.as_ref()?;
        let recorder = Arc::new(make());
        let mut sources = registry.sources();
        sources.retire();
        sources.recorders.push(recorder.clone());
        Some(recorder)
    }

    /// Something that is looked at when somebody asks, until it is gone.
    pub(crate) fn observe(&self, source: Weak<dyn Source>) {
        if let Some(registry) = &self.0 {
            let mut sources = registry.sources();
            sources.observed.retain(|known| known.strong_count() > 0);
            sources.observed.push(source);
        }
    }

    /// All series as they are now.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.0
            .as_ref()
            .map(|registry| registry.snapshot())
            .unwrap_or_default()
    }
}

impl Registry {
    fn begin() -> Self {
        Self {
            begun: SystemTime::now(),
            sources: Mutex::default(),
            resource: OnceLock::new(),
            runtimes: Runtimes::default(),
            push: Mutex::default(),
        }
    }

    fn pushing(&self) -> MutexGuard<'_, Option<Push>> {
        self.push.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Snapshot {
        // What is looked at may have locks of its own, which must not be waited for within this one.
        let (mut snapshot, recorders, observed) = {
            let sources = self.sources();
            let (recorders, observed) = (sources.recorders.clone(), sources.observed.clone());
            (sources.past.clone(), recorders, observed)
        };
        Process.collect(&mut snapshot);
        self.runtimes.collect(&mut snapshot);
        let observed = observed.iter().filter_map(Weak::upgrade);
        for source in recorders.into_iter().chain(observed) {
            source.collect(&mut snapshot);
        }
        snapshot
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    /// Keeps what those have counted whom nobody else has any more, and lets them go.
    fn retire(&mut self) {
        let past = &mut self.past;
        self.recorders.retain(|recorder| {
            let in_use = Arc::strong_count(recorder) > 1;
            if !in_use {
                let mut last = Snapshot::default();
                recorder.collect(&mut last);
                past.merge(last.counted());
            }
            in_use
        });
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}
