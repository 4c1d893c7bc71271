//! The two shapes of a call, and where it goes.

use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::{Consul, Error, Query, blocking, target::Target, transport::Answer};

impl Consul {
    /// A read that may wait, whatever its status.
    pub(crate) async fn ask(&self, mut target: Target, query: Query) -> Result<Answer, Error> {
        let mut patience = Duration::ZERO;
        if query.index > 0 {
            target = target
                .query("index", &query.index.to_string())
                .query("wait", &blocking::wait_text(query.wait));
            patience = blocking::longest(query.wait);
        }
        self.transport
            .send(Method::GET, target, Bytes::new(), patience)
            .await
    }

    /// A write that succeeded.
    pub(crate) async fn put(
        &self,
        target: Target,
        body: impl Into<Bytes>,
    ) -> Result<Answer, Error> {
        self.transport
            .send(Method::PUT, target, body.into(), Duration::ZERO)
            .await?
            .success()
    }

    /// A target within the agent: it has a namespace.
    pub(crate) fn local(&self, target: Target) -> Target {
        target.query_if("ns", self.transport.config.namespace.as_deref())
    }

    /// A target within the cluster: it has a namespace and a datacenter.
    pub(crate) fn global(&self, target: Target) -> Target {
        self.local(target)
            .query_if("dc", self.transport.config.datacenter.as_deref())
    }
}
