//! Members in this process that call one another, and what Jaeger has of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bellhop::{Mesh, Services, Serving};
use e2e::{Registry, until};
use hotel_proto::geo::{
    Request as Ask, Result as Answer,
    geo_server::{Geo, GeoServer},
};
use tonic::{Request, Response, Status};

use crate::{stage::Jaeger, trace::Span};

/// Fails so many calls, then answers, or hangs.
#[derive(Clone)]
pub(crate) struct Moody {
    failures: Arc<AtomicUsize>,
    hangs: bool,
}

impl Moody {
    pub(crate) fn failing(calls: usize) -> Self {
        Self {
            failures: Arc::new(AtomicUsize::new(calls)),
            hangs: false,
        }
    }

    /// The same, and never answers after that.
    pub(crate) fn then_hanging(self) -> Self {
        Self {
            hangs: true,
            ..self
        }
    }

    /// From now on it answers.
    pub(crate) fn recover(&self) {
        self.failures.store(0, Ordering::SeqCst);
    }
}

#[tonic::async_trait]
impl Geo for Moody {
    async fn nearby(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        let left = |left: usize| left.checked_sub(1);
        match self
            .failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
        {
            Ok(_) => Err(Status::unavailable("not yet")),
            Err(_) if self.hangs => std::future::pending().await,
            Err(_) => Ok(Response::new(Answer::default())),
        }
    }
}

pub(crate) fn mesh(
    service: &str,
    registry: &Registry,
    jaeger: &Jaeger,
    more: &[(&str, &str)],
) -> Mesh {
    let own = [
        ("CONSUL_HTTP_ADDR", registry.address().to_string()),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://{}", jaeger.otlp),
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
        ("OTEL_METRICS_EXPORTER", "none".to_owned()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("BELLHOP_HEDGE_AFTER", "off".to_owned()),
        ("BELLHOP_RETRY_BACKOFF_MAX", "1ms".to_owned()),
    ];
    let more = more
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let settings = own.into_iter().chain(more);
    let settings: BTreeMap<_, _> = settings
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Mesh::from_source(service, &settings).unwrap()
}

pub(crate) async fn moody(
    registry: &Registry,
    jaeger: &Jaeger,
    moody: &Moody,
    more: &[(&str, &str)],
) -> Serving {
    let mesh = mesh("moody", registry, jaeger, more);
    let serving = mesh.start(|_| Services::new().with(GeoServer::new(moody.clone())));
    let serving = serving.await.unwrap();
    until("a member that passes", || async {
        (registry.passing("moody").await.len() == 1).then_some(())
    })
    .await;
    serving
}

/// The trace of the one call that a member has made.
pub(crate) async fn of(jaeger: &Jaeger, service: &str, spans: usize) -> Vec<Span> {
    until("the trace of a call", || async {
        let traces = jaeger
            .ask(&format!("/api/traces?service={service}&limit=20"))
            .await;
        let spans_of = |trace| Span::all_of(trace);
        let traces = traces.as_array()?.iter().map(spans_of);
        traces.into_iter().find(|there| there.len() >= spans)
    })
    .await
}
