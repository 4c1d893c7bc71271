//! Follows a service.

use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, sleep_until};

use super::{
    Bucket, Event, InstanceId, Settings,
    diff::{Instances, diff},
    index::Index,
    serving::serving,
};
use crate::{
    backoff::{Backoff, Retries},
    consul::{Consul, Error, Health, Indexed, Query},
};

/// How long to wait after failures: the agent is near, and who comes back is to be found soon.
const BACKOFF: Backoff = match Backoff::try_new(Duration::from_millis(100), Duration::from_secs(2))
{
    Ok(backoff) => backoff,
    Err(_) => panic!("the bounds are in order"),
};

/// How often to ask: a service whose answers come at once, whatever the reason, is asked five times a second in the end.
const BUCKET: Bucket = match Bucket::try_new(8, Duration::from_millis(200)) {
    Ok(bucket) => bucket,
    Err(_) => panic!("there is a burst and a refill"),
};

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
trait Registry: Send + 'static {
    fn service(&self) -> &str;

    fn ask(&self, query: Query)
    -> impl Future<Output = Result<Indexed<Vec<Health>>, Error>> + Send;
}

struct ConsulService {
    consul: Consul,
    service: String,
}

impl Registry for ConsulService {
    fn service(&self) -> &str {
        &self.service
    }

    async fn ask(&self, query: Query) -> Result<Indexed<Vec<Health>>, Error> {
        self.consul.health_service(&self.service, query).await
    }
}

struct Follower<R> {
    registry: R,
    settings: Settings,
    index: Index,
    bucket: Bucket,
    retries: Retries,
    /// Not before then, after a failure.
    resume: Option<Instant>,
    known: Instances,
    unusable: BTreeSet<InstanceId>,
    /// Since when there is no answer.
    outage: Option<Instant>,
}

impl<R: Registry> Follower<R> {
    fn new(registry: R, settings: Settings) -> Self {
        Self {
            registry,
            settings,
            index: Index::default(),
            bucket: BUCKET,
            retries: Retries::new(BACKOFF),
            resume: None,
            known: Instances::new(),
            unusable: BTreeSet::new(),
            outage: None,
        }
    }

    async fn next(&mut self) -> Event {
        if let Some(resume) = self.resume.take() {
            sleep_until(resume).await;
        }
        let now = Instant::now();
        sleep_until(now + self.bucket.take(now)).await;
        let query = Query {
            index: self.index.get(),
            wait: self.settings.wait,
        };
        match self.registry.ask(query).await {
            Ok(answer) => self.answered(&answer),
            Err(error) => self.failed(error),
        }
    }

    fn answered(&mut self, answer: &Indexed<Vec<Health>>) -> Event {
        let service = self.registry.service();
        if let Some(since) = self.outage.take() {
            let after = since.elapsed();
            tracing::info!(service, ?after, "discovery answers again");
        }
        self.retries.succeeded();
        self.index.answered(answer.index);

        let serving = serving(&answer.value);
        for id in serving.unusable.difference(&self.unusable) {
            tracing::warn!(service, %id, "an instance without a port or an address cannot be called");
        }
        self.unusable = serving.unusable;
        let changes = diff(&self.known, &serving.instances);
        self.known = serving.instances;
        Event::Answer {
            changes,
            registered: serving.registered,
        }
    }

    fn failed(&mut self, error: Error) -> Event {
        let now = Instant::now();
        if self.outage.is_none() {
            let service = self.registry.service();
            tracing::warn!(service, %error, "discovery fails; what is known stays in use");
            self.outage = Some(now);
        }
        self.index.failed();
        self.resume = Some(now + self.retries.failed(fastrand::f64()));
        Event::Unreachable {
            error: Arc::new(error),
        }
    }
}

#[cfg(test)]
mod tests;
