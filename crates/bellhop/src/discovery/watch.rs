//! A service that is followed, as a stream.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};

use super::{Event, Settings, follower::Follower};
use crate::consul::{Consul, Error, Health, Indexed, Query, Sight};

/// What a registry says of a service, for ever: no event ends the stream.
///
/// The work is done where it is polled, an event is asked for only when the one before was taken, and dropping it stops all.
pub struct Watch {
    events: BoxStream<'static, Event>,
}

/// Follows a service by blocking queries.
///
/// The first answer tells of every instance. A failure is told as [`Event::Unreachable`], one for each attempt; what was
/// known stays known, and the first answer after it tells what changed meanwhile.
pub fn watch(consul: Consul, service: impl Into<String>, settings: Settings) -> Watch {
    let service = service.into();
    Watch::new(Follower::new(ConsulService { consul, service }, settings))
}

impl Watch {
    fn new<R: Registry>(follower: Follower<R>) -> Self {
        let events = stream::unfold(follower, |mut follower| async move {
            let event = follower.next().await;
            Some((event, follower))
        });
        Self {
            events: events.boxed(),
        }
    }
}

impl Stream for Watch {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// Who is asked about the one service.
pub(super) trait Registry: Send + Sync + 'static {
    fn service(&self) -> &str;

    /// Which registry it is, as it is configured.
    fn origin(&self) -> String;

    fn ask(&self, query: Query)
    -> impl Future<Output = Result<Indexed<Vec<Health>>, Error>> + Send;

    /// Whether the service may be hidden.
    fn sight(&self) -> impl Future<Output = Result<Sight, Error>> + Send;
}

struct ConsulService {
    consul: Consul,
    service: String,
}

impl Registry for ConsulService {
    fn service(&self) -> &str {
        &self.service
    }

    fn origin(&self) -> String {
        self.consul.origin()
    }

    async fn ask(&self, query: Query) -> Result<Indexed<Vec<Health>>, Error> {
        self.consul.health_service(&self.service, query).await
    }

    async fn sight(&self) -> Result<Sight, Error> {
        self.consul.sight(&self.service).await
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
