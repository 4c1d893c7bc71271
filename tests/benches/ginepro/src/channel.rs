//! ginepro's channel as a client of tonic 0.14 takes it.

use std::{
    collections::HashSet,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use ginepro::{LoadBalancedChannel, LookupService, ResolutionStrategy, ServiceDefinition};
use http::{Request, Response};
use tonic::body::Body;
use tonic_of_ginepro::{body::Body as BodyOfGinepro, transport};
use tower::Service;

use crate::Failure;

/// For the first look at where the endpoints are, which is none.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Channel(LoadBalancedChannel);

/// What nobody has to look for.
struct Known(HashSet<SocketAddr>);

impl Channel {
    /// To these, which it has from no DNS.
    pub(crate) async fn to(endpoints: HashSet<SocketAddr>) -> Result<Self, Failure> {
        let service = ServiceDefinition::from_parts("geo", 0)?;
        let builder = LoadBalancedChannel::builder(service)
            .lookup_service(Known(endpoints))
            .resolution_strategy(ResolutionStrategy::Eager { timeout: PATIENCE });
        Ok(Self(builder.channel().await?))
    }
}

#[tonic::async_trait]
impl LookupService for Known {
    async fn resolve_service_endpoints(
        &self,
        _: &ServiceDefinition,
    ) -> anyhow::Result<HashSet<SocketAddr>> {
        Ok(self.0.clone())
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<BodyOfGinepro>;
    type Error = transport::Error;
    type Future = <LoadBalancedChannel as Service<Request<BodyOfGinepro>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Service::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request.map(BodyOfGinepro::new))
    }
}
