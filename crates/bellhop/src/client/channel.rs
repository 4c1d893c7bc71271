//! What a generated client calls through.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use http::{HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tokio::{runtime::Handle, time::Instant};
use tonic::{Status, body::Body};
use tower::Service;

use super::{
    ResponseBody, Settings,
    balanced::Balanced,
    limit::LimitLayer,
    retry::RetryLayer,
    stack::{Layers, Stack, compose},
};
use crate::{
    config::{ConfigError, Environment, Reader, Source},
    discovery::{Caller, Event, narrowed},
    limit::CALLER,
    telemetry::{Metrics, Telemetry},
    upstream::{Report, Upstream},
};

/// Calls a service: a tower service for generated clients, as in `GeoClient::new(mesh.channel("geo"))`.
///
/// It is cheap to clone, always ready, and never hangs: a call that finds nobody waits for a bounded time and then fails
/// with `UNAVAILABLE` and the cause. Calls go round robin over the instances that are connected. Each has a deadline:
/// the shortest of the request's own (`tonic::Request::set_timeout`), the one of the call being served, and the channel's.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

struct Shared {
    stack: Stack,
    instances: Balanced,
    layers: Layers,
    /// The name of whoever calls.
    caller: Option<HeaderValue>,
}

impl Channel {
    /// Calls whoever a stream of discovery names, from the runtime that this is called on, with settings from the environment.
    ///
    /// # Errors
    /// All bad settings.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn over(
        service: &str,
        discovery: impl Stream<Item = Event> + Send + 'static,
    ) -> Result<Self, ConfigError> {
        Self::over_with(service, discovery, &Environment)
    }

    /// The same with settings from elsewhere.
    ///
    /// # Errors
    /// All bad settings.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn over_with(
        service: &str,
        discovery: impl Stream<Item = Event> + Send + 'static,
        source: &dyn Source,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(source);
        let settings = reader.per_channel(Settings::read);
        reader.finish()?;
        let settings = settings.of(service);
        let handle = Handle::current();
        let discovery = narrowed(discovery, settings.subset, Caller::anonymous());
        let upstream = Upstream::follow(
            service.into(),
            discovery,
            None,
            settings.endpoint.into(),
            &handle,
        );
        Ok(Self::new(
            upstream,
            settings,
            Telemetry::disabled(),
            &Metrics::default(),
            handle,
        ))
    }

    pub(crate) fn new(
        upstream: Arc<Upstream>,
        settings: &Settings,
        telemetry: Telemetry,
        metrics: &Metrics,
        handle: Handle,
    ) -> Self {
        let limit = settings.limit.map(|rate| LimitLayer {
            service: upstream.service().clone(),
            turns: upstream.turns(rate),
            patience: settings.wait_for_endpoint,
        });
        let budget = upstream.budget(settings.retry.allowance, Instant::now());
        let layers = Layers {
            telemetry,
            calls: metrics.calls_to(upstream.service()),
            timeout: settings.timeout,
            limit,
            retry: RetryLayer::new(settings.retry.clone(), budget)
                .counted(upstream.service(), metrics),
        };
        let instances = Balanced::new(upstream, settings.wait_for_endpoint, handle);
        Self::composed(instances, layers)
    }

    /// The same with another bound on each call. `None` is for streams that stay open: then only the request and the
    /// call being served bound a call.
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        let Shared {
            instances, layers, ..
        } = &*self.shared;
        let layers = Layers {
            timeout,
            ..layers.clone()
        };
        Self::composed(instances.clone(), layers).by(self.shared.caller.clone())
    }

    /// How the service stands, as this process sees it.
    pub fn report(&self) -> Report {
        self.shared.instances.report()
    }

    /// The same with more known of the methods that it calls: those that an encoded `google.protobuf.FileDescriptorSet` calls
    /// free of side effects or idempotent (`idempotency_level`) may be tried again.
    #[must_use]
    pub fn describe(self, descriptors: &'static [u8]) -> Self {
        let Shared {
            instances, layers, ..
        } = &*self.shared;
        let mut methods = layers.retry.methods().clone();
        if let Err(error) = methods.describe(descriptors) {
            let service = instances.service();
            tracing::error!(%service, %error, "descriptors that are none, calls are not tried again");
        }
        let layers = Layers {
            retry: layers.retry.with_methods(methods),
            ..layers.clone()
        };
        Self::composed(instances.clone(), layers).by(self.shared.caller.clone())
    }

    fn composed(instances: Balanced, layers: Layers) -> Self {
        let stack = compose(instances.clone(), layers.clone());
        Self {
            shared: Arc::new(Shared {
                stack,
                instances,
                layers,
                caller: None,
            }),
        }
    }

    /// The same, which tells those whom it calls who does.
    pub(crate) fn by(mut self, caller: Option<HeaderValue>) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.caller = caller;
        }
        self
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<ResponseBody>;
    type Error = Status;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // So is every layer: a call waits in its own future, where the wait is bounded.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        if let Some(caller) = &self.shared.caller {
            request.headers_mut().insert(CALLER, caller.clone());
        }
        ResponseFuture {
            inner: self.shared.stack.clone().call(request),
        }
    }
}

pin_project! {
    /// The answer to a call.
    pub struct ResponseFuture {
        #[pin]
        inner: <Stack as Service<Request<Body>>>::Future,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Status>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("service", self.shared.instances.service())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
