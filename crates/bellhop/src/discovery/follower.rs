//! Asks a registry again and again, and says what changed.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::pending,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::{Instant, sleep_until, timeout};

use super::{
    About, Bucket, Change, Event, InstanceId, Notes, Settings,
    cache::{Cache, Origin},
    doubt::Doubt,
    hold::Reading,
    index::Index,
    marks::Marks,
    serving::{named, serving},
    view::View,
    watch::Registry,
};
use crate::{
    backoff::{Backoff, Retries},
    consul::{Error, Health, Indexed, Query, Sight},
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

/// How long a start waits for the registry before it uses what an earlier process knew. Calls wait as long for somebody.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// How long the registry may take to say why it names nobody; the next query waits for that.
const SIGHT_WITHIN: Duration = Duration::from_secs(1);

/// Follows one service.
pub(super) struct Follower<R> {
    registry: R,
    wait: Duration,
    index: Index,
    bucket: Bucket,
    retries: Retries,
    /// Not before then, after a failure.
    resume: Option<Instant>,
    view: View,
    doubt: Doubt,
    notes: Notes,
    critical: Vec<InstanceId>,
    about: BTreeMap<InstanceId, About>,
    unusable: BTreeSet<InstanceId>,
    /// Since when there is no answer.
    outage: Option<Instant>,
    /// It has named somebody who serves.
    has_named: bool,
    cache: Option<Cache>,
    /// Until when the cache is not needed; `None` once it was, or an answer came.
    first_answer_by: Option<Instant>,
    events: VecDeque<Event>,
}

impl<R: Registry> Follower<R> {
    pub(super) fn new(registry: R, settings: Settings) -> Self {
        let origin = || Origin {
            service: registry.service().into(),
            registry: registry.origin().into(),
        };
        let cache = settings
            .cache
            .map(|folder| Cache::new(&folder, origin(), settings.cache_age));
        Self {
            registry,
            wait: settings.wait,
            index: Index::default(),
            bucket: BUCKET,
            retries: Retries::new(BACKOFF),
            resume: None,
            view: View::new(settings.hold),
            doubt: Doubt::default(),
            notes: Notes::default(),
            critical: Vec::new(),
            about: BTreeMap::new(),
            unusable: BTreeSet::new(),
            outage: None,
            has_named: false,
            first_answer_by: cache
                .is_some()
                .then(|| Instant::now() + FIRST_ANSWER_WITHIN),
            cache,
            events: VecDeque::new(),
        }
    }

    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            if self.doubt.asks(Instant::now()) {
                self.ask_why().await;
            } else {
                self.ask().await;
            }
            self.note();
        }
    }

    /// Asks once, unless time changes something before there is an answer.
    async fn ask(&mut self) {
        let now = Instant::now();
        let start = self.resume.take().unwrap_or(now).max(now);
        let start = start + self.bucket.take(start);
        let query = Query {
            index: self.index.get(),
            wait: self.wait,
        };
        let answer = async {
            sleep_until(start).await;
            self.registry.ask(query).await
        };
        let answer = tokio::select! {
            answer = answer => answer,
            () = at(self.view.changes_at()) => return self.settle(),
            () = at(self.first_answer_by) => return self.remember().await,
        };
        match answer {
            Ok(answer) => {
                self.doubt
                    .answered(answer.value.is_empty(), answer.filtered);
                // Before anybody is let go; where there is nobody, it is asked once that is told.
                if !self.view.told().is_empty() && self.doubt.asks(Instant::now()) {
                    self.ask_why().await;
                }
                self.answered(&answer);
            }
            Err(error) => {
                self.failed(error);
                self.remember().await;
            }
        }
    }

    /// Asks whether there may be instances after all.
    async fn ask_why(&mut self) {
        let sight = timeout(SIGHT_WITHIN, self.registry.sight()).await;
        self.doubt.told(sight.ok().and_then(Result::ok));
    }

    fn answered(&mut self, answer: &Indexed<Vec<Health>>) {
        let service = self.registry.service();
        if let Some(since) = self.outage.take() {
            let after = since.elapsed();
            tracing::info!(service, ?after, "discovery answers again");
        }
        self.first_answer_by = None;
        self.retries.succeeded();
        self.index.answered(answer.index);

        let serving = serving(&answer.value);
        for id in serving.unusable.difference(&self.unusable) {
            tracing::warn!(service, %id, "an instance without a port or an address cannot be called");
        }
        self.unusable.clone_from(&serving.unusable);
        self.has_named |= !serving.instances.is_empty();
        let reading = Reading {
            index: answer.index,
            marks: Marks::of(answer),
            behind: answer.behind,
            silenced: self.doubt.silences(),
        };
        let changes = self.view.answered(Instant::now(), reading, serving);
        if self.view.was_set_back() {
            tracing::warn!(
                service,
                "the registry was set back to an earlier time, or names more than it did"
            );
        }
        self.tell(changes);
        let about = named(&answer.value).map(|(id, health)| (id, About::from(health)));
        let about = about.collect();
        if self.about != about {
            self.about.clone_from(&about);
            self.events.push_back(Event::About(about));
        }
    }

    fn failed(&mut self, error: Error) {
        let now = Instant::now();
        if self.outage.is_none() {
            let service = self.registry.service();
            tracing::warn!(service, %error, "discovery fails; what is known stays in use");
            self.outage = Some(now);
        }
        self.index.failed();
        self.view.failed();
        self.resume = Some(now + self.retries.failed(fastrand::f64()));
        self.events.push_back(Event::Unreachable {
            error: Arc::new(error),
        });
    }

    /// The registry had time enough.
    fn settle(&mut self) {
        let changes = self.view.wait(Instant::now());
        if !changes.is_empty() {
            let service = self.registry.service();
            let gone = changes.len();
            tracing::info!(
                service,
                gone,
                "the registry has not named these instances again, they are let go"
            );
            self.tell(changes);
        } else {
            self.save();
        }
    }

    fn save(&mut self) {
        // A registry that has never named anybody may have forgotten everybody.
        let is_whole = self.has_named && self.view.is_settled();
        if let Some(cache) = &mut self.cache {
            cache.save(self.view.told(), is_whole);
        }
    }

    fn tell(&mut self, changes: Vec<Change>) {
        let kept = changes
            .iter()
            .filter(|change| matches!(change, Change::Keep(..)))
            .count();
        if kept > 0 {
            let service = self.registry.service();
            let hidden = match self.doubt.sight() {
                Sight::Clear => None,
                Sight::Denied => Some("the registry's ACLs hide them from this token"),
                Sight::Unsure => Some("the registry's ACLs may hide them from this token"),
            };
            tracing::warn!(
                service,
                kept,
                hidden,
                "instances that the registry does not vouch for stay in use while they answer"
            );
        }
        self.save();
        self.events.push_back(Event::Answer {
            changes,
            registered: self.view.registered(),
        });
    }

    /// Falls back on what an earlier process knew, once.
    async fn remember(&mut self) {
        if self.first_answer_by.take().is_none() {
            return;
        }
        let Some(cache) = &self.cache else {
            return;
        };
        let Some(saved) = cache.load().await else {
            return;
        };
        let age = SystemTime::now()
            .duration_since(saved.at)
            .unwrap_or_default();
        tracing::warn!(
            service = self.registry.service(),
            file = %cache.file().display(),
            instances = saved.instances.len(),
            "the registry does not answer, using the cache of {} ago",
            humantime::format_duration(Duration::from_secs(age.as_secs()))
        );
        self.outage.get_or_insert_with(Instant::now);
        let changes = self.view.remember(saved.instances);
        self.events.push_back(Event::Remembered {
            changes,
            saved: saved.at,
        });
    }

    /// Tells what else has changed.
    fn note(&mut self) {
        let notes = Notes {
            panic: self.view.panics(),
            sight: self.doubt.sight(),
            left_out: 0,
        };
        let service = self.registry.service();
        if notes.panic && !self.notes.panic {
            tracing::warn!(
                service,
                "panic: fewer than half pass of those who did, the critical ones stay while they answer"
            );
        }
        if self.notes.panic && !notes.panic {
            tracing::info!(service, "the panic is over, health checks count again");
        }
        if notes != self.notes {
            self.notes = notes;
            self.events.push_back(Event::Notes(notes));
        }
        if !self.view.critical().eq(&self.critical) {
            self.critical = self.view.critical().cloned().collect();
            self.events
                .push_back(Event::Critical(self.critical.clone()));
        }
    }
}

/// Resolves then, or never.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}
