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
    #[error("{key} is gone without having been deleted: the registry has lost its memory")]
    Lost { key: String },
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
    told: Option<Said>,
    /// At which index the registry last had a split; `None` where it has none to lose.
    holds: Option<u64>,
}

/// What the registry says of the key.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Text(Vec<u8>),
    /// There is none: there never was, or somebody deleted it.
    Nothing,
    /// There is none, and nobody can have deleted it.
    Lost,
}

/// Above all indices: what is lost is not deleted by whatever else is written later.
const FOR_EVER: u64 = u64::MAX;

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
            holds: None,
        }
    }

    async fn next(&mut self) -> Word {
        loop {
            match self.ask().await {
                Ok(answer) => {
                    let said = self.judge(answer);
                    if self.told.as_ref() != Some(&said) {
                        let word = self.read(&said);
                        self.told = Some(said);
                        return word;
                    }
                }
                Err(error) => {
                    self.told = None;
                    return Word::Unknown(Arc::new(Trouble::Registry(error)));
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<Indexed<Option<Vec<u8>>>, Error> {
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
                Ok(answer)
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

    /// Whoever deletes a key has its index go on. Where it has not, this is another history: that of an agent which has
    /// forgotten, or of an older snapshot.
    fn judge(&mut self, answer: Indexed<Option<Vec<u8>>>) -> Said {
        let index = answer.index.unwrap_or_default();
        match answer.value {
            Some(text) => {
                if Split::parse(&text).is_ok() {
                    self.holds = Some(index);
                }
                Said::Text(text)
            }
            None if self.holds.is_some_and(|held| index <= held) => {
                self.holds = Some(FOR_EVER);
                Said::Lost
            }
            None => {
                self.holds = None;
                Said::Nothing
            }
        }
    }

    fn read(&self, said: &Said) -> Word {
        let key = || self.registry.key().to_owned();
        let trouble = match said {
            Said::Nothing => return Word::Is(None),
            Said::Lost => Trouble::Lost { key: key() },
            Said::Text(text) => match Split::parse(text) {
                Ok(split) => return Word::Is(Some(split)),
                Err(source) => Trouble::Invalid { key: key(), source },
            },
        };
        Word::Unknown(Arc::new(trouble))
    }
}

#[cfg(test)]
mod tests;
