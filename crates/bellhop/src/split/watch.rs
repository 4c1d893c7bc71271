//! What the registry says of a service's split.

use std::{fmt, future::Future, pin::Pin, sync::Arc, task, time::Duration};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, sleep_until};

use super::{InvalidSplit, Split};
use crate::{
    backoff::{Backoff, Retries},
    consul::{Consul, Error, Indexed, Query},
    discovery::{Bucket, Index},
};

/// Where splits stand in Consul's KV, by service.
const FOLDER: &str = "bellhop/split";

/// How long to wait after failures: the agent is near.
const BACKOFF: Backoff = backoff(Duration::from_millis(100), Duration::from_secs(2));

/// The same after a refusal, which only somebody who changes a policy ends. Many members never need the right.
const DENIED: Backoff = backoff(Duration::from_secs(1), Duration::from_secs(30));

/// How often to ask where answers come at once: five times a second in the end.
const BUCKET: Bucket = match Bucket::try_new(8, Duration::from_millis(200)) {
    Ok(bucket) => bucket,
    Err(_) => panic!("there is a burst and a refill"),
};

const fn backoff(min: Duration, max: Duration) -> Backoff {
    match Backoff::try_new(min, max) {
        Ok(backoff) => backoff,
        Err(_) => panic!("the bounds are in order"),
    }
}

/// What is heard of a split.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// It is this; `None` where there is none.
    Is(Option<Split>),
    /// It cannot be known; what was known stays. One for each attempt that fails.
    Unknown(Arc<Trouble>),
}

/// Why a split is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{key} holds no split: {source}")]
    Invalid { key: String, source: InvalidSplit },
    #[error(transparent)]
    Registry(Error),
}

/// What the registry says of a split, for ever. The work is done where it is polled, and dropping it stops all.
pub(crate) struct Watch(BoxStream<'static, Word>);

/// Follows the split of a service, by the name that it has in the registry; a query waits for a change for so long.
pub(crate) fn watch(consul: Consul, service: &str, wait: Duration) -> Watch {
    let key = format!("{FOLDER}/{service}");
    Watch::new(Follower::new(Key { consul, key }, wait))
}

impl Watch {
    fn new<R: Registry>(follower: Follower<R>) -> Self {
        let words = stream::unfold(follower, |mut follower| async move {
            let word = follower.next().await;
            Some((word, follower))
        });
        Self(words.boxed())
    }
}

impl Stream for Watch {
    type Item = Word;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<Option<Word>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// Who is asked about the one key.
trait Registry: Send + 'static {
    fn key(&self) -> &str;

    fn ask(
        &self,
        query: Query,
    ) -> impl Future<Output = Result<Indexed<Option<Vec<u8>>>, Error>> + Send;
}

struct Key {
    consul: Consul,
    key: String,
}

impl Registry for Key {
    fn key(&self) -> &str {
        &self.key
    }

    async fn ask(&self, query: Query) -> Result<Indexed<Option<Vec<u8>>>, Error> {
        let answer = self.consul.kv_get(&self.key, query).await?;
        Ok(answer.map(|pair| pair.map(|pair| pair.value)))
    }
}

/// Follows one key.
struct Follower<R> {
    registry: R,
    wait: Duration,
    index: Index,
    bucket: Bucket,
    retries: Retries,
    denials: Retries,
    /// Not before then, after a failure.
    resume: Option<Instant>,
    /// What was told last; `None` where it was a failure to hear.
    told: Option<Option<Vec<u8>>>,
}

impl<R: Registry> Follower<R> {
    fn new(registry: R, wait: Duration) -> Self {
        Self {
            registry,
            wait,
            index: Index::default(),
            bucket: BUCKET,
            retries: Retries::new(BACKOFF),
            denials: Retries::new(DENIED),
            resume: None,
            told: None,
        }
    }

    async fn next(&mut self) -> Word {
        loop {
            match self.ask().await {
                Ok(value) if self.told.as_ref() == Some(&value) => {}
                Ok(value) => {
                    let word = self.read(value.as_deref());
                    self.told = Some(value);
                    return word;
                }
                Err(error) => {
                    self.told = None;
                    return Word::Unknown(Arc::new(Trouble::Registry(error)));
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let now = Instant::now();
        let start = self.resume.take().unwrap_or(now).max(now);
        let start = start + self.bucket.take(start);
        sleep_until(start).await;
        let query = Query {
            index: self.index.get(),
            wait: self.wait,
        };
        match self.registry.ask(query).await {
            Ok(answer) => {
                self.index.answered(answer.index);
                self.retries.succeeded();
                self.denials.succeeded();
                Ok(answer.value)
            }
            Err(error) => {
                self.index.failed();
                let retries = match error.is_denied() {
                    true => &mut self.denials,
                    false => &mut self.retries,
                };
                self.resume = Some(Instant::now() + retries.failed(fastrand::f64()));
                Err(error)
            }
        }
    }

    fn read(&self, value: Option<&[u8]>) -> Word {
        match value.map(Split::parse).transpose() {
            Ok(split) => Word::Is(split),
            Err(source) => {
                let key = self.registry.key().to_owned();
                Word::Unknown(Arc::new(Trouble::Invalid { key, source }))
            }
        }
    }
}

#[cfg(test)]
mod tests;
