//! Follows what the registry says of a service: who is there, and how traffic is split.

use std::{
    future::pending,
    pin::{Pin, pin},
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use tokio::time::{sleep, timeout};

use super::{News, Upstream};
use crate::{
    discovery::Event,
    split::{Trouble, Watch, Word},
};

/// How long the first to be called wait for word of a split: a version that is to have no calls has none from the beginning.
const FIRST_WORD_WITHIN: Duration = Duration::from_millis(500);

/// How often it is looked whether each version has somebody who can serve, where traffic is split.
const LOOK: Duration = Duration::from_secs(1);

/// The target of what the log has of splits: whoever changes one wants to see that it is followed.
const LOG: &str = "bellhop::split";

/// What is next.
enum Said {
    Event(Event),
    Word(Word),
    /// Time has passed.
    Nothing,
}

/// Applies what is said for as long as somebody uses the upstream, and discovery goes on.
pub(super) async fn follow(
    upstream: Weak<Upstream>,
    discovery: impl Stream<Item = Event>,
    mut words: Option<Watch>,
) {
    let mut discovery = pin!(discovery);
    let (event, word) = first(&mut discovery, &mut words).await;
    let word = word.map(Said::Word);
    let mut said: Vec<_> = event.map(Said::Event).into_iter().chain(word).collect();
    // What comes last is heard first.
    while let Some(next) = said.pop() {
        let Some(upstream) = upstream.upgrade() else {
            return;
        };
        match next {
            Said::Event(event) => upstream.apply(event),
            Said::Word(word) => upstream.hear(word),
            Said::Nothing => upstream.look(),
        }
        let is_split = upstream.steering().is_split();
        drop(upstream);
        if said.is_empty() {
            said.extend(next_of(&mut discovery, &mut words, is_split).await);
        }
    }
    if let Some(upstream) = upstream.upgrade() {
        tracing::debug!(service = %upstream.service, "discovery ended, the last set stays in use");
    }
}

/// The first of both; of a split only what is known soon.
async fn first(
    discovery: &mut Pin<&mut impl Stream<Item = Event>>,
    words: &mut Option<Watch>,
) -> (Option<Event>, Option<Word>) {
    let word = async {
        let words = words.as_mut()?;
        timeout(FIRST_WORD_WITHIN, words.next()).await.ok()?
    };
    tokio::join!(discovery.next(), word)
}

/// `None` where discovery has ended.
async fn next_of(
    discovery: &mut Pin<&mut impl Stream<Item = Event>>,
    words: &mut Option<Watch>,
    is_split: bool,
) -> Option<Said> {
    let word = async {
        match words {
            Some(words) => words.next().await,
            None => pending().await,
        }
    };
    let look = async {
        match is_split {
            true => sleep(LOOK).await,
            false => pending().await,
        }
    };
    tokio::select! {
        biased;
        Some(word) = word => Some(Said::Word(word)),
        event = discovery.next() => event.map(Said::Event),
        () = look => Some(Said::Nothing),
    }
}

impl Upstream {
    /// Takes over what is said of the split.
    fn hear(&self, word: Word) {
        let mut steering = self.steering();
        let news = steering.hear(word);
        self.ring.set_split(steering.split().cloned());
        drop(steering);
        if let Some(news) = news {
            self.tell(&news);
        }
    }

    fn tell(&self, news: &News) {
        let service = &*self.service;
        match news {
            News::Changed(split) => {
                tracing::info!(target: LOG, service, %split, "traffic is split by version");
                // A name that nobody has may be a slip of the pen.
                self.look();
            }
            News::Ended => {
                tracing::info!(target: LOG, service, "traffic is not split by version any more");
            }
            News::Refused(error) => {
                tracing::warn!(target: LOG, service, %error, "a split that is none is not followed, what was known stays");
            }
            News::Lost(error) => {
                tracing::warn!(target: LOG, service, %error, "the registry has lost the split, the last one stays until it is written again");
            }
            News::Silent(error) => self.cannot_hear(error),
            News::Heard if self.steering().is_split() => {
                tracing::info!(target: LOG, service, "the registry tells of the split again");
            }
            News::Heard => {}
        }
    }

    /// Where nothing is split this is worth less: discovery tells of a registry that is away.
    fn cannot_hear(&self, error: &Arc<Trouble>) {
        let service = &*self.service;
        if self.steering().is_split() {
            tracing::warn!(target: LOG, service, %error, "the registry does not tell of the split, the last one stays");
        } else {
            tracing::debug!(target: LOG, service, %error, "it is not known whether traffic is to be split by version");
        }
    }

    /// Tells of versions that have nobody who can serve.
    fn look(&self) {
        let service = &*self.service;
        let standings = self.group.standings();
        let state = self.state();
        let mut steering = self.steering();
        let versions = steering.versions(&state, &standings);
        let (left, back) = steering.idle(&versions);
        drop((state, steering));
        for version in left {
            tracing::warn!(target: LOG, service, %version, "nobody of this version can serve, the others have its share");
        }
        for version in back {
            tracing::info!(target: LOG, service, %version, "somebody of this version can serve, it has its share again");
        }
    }
}
