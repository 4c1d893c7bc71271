//! Collects what the registry and the members say, for as long as anybody looks.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};

use super::{
    fetch::{self, Unseen},
    join::Joiner,
    known::{Known, Listed, Member},
    told::View,
};
use crate::{
    admin,
    consul::{Consul, Error, Health, Indexed, Query},
    discovery::Index,
    mesh::{Mesh, Phase},
};

/// How often members are asked: twice in a second at least, so that what changes is seen within one.
const EVERY: Duration = Duration::from_millis(400);
/// How long a picture waits for the members that are asked.
const GATHER: Duration = Duration::from_millis(200);
/// What the registry says is shown so soon, with what else it says meanwhile.
const SOON: Duration = Duration::from_millis(50);
/// At a time.
const ASKED_MAX: usize = 32;
/// After this many members, further ones are not asked.
const MEMBERS_MAX: usize = 1000;
/// How long the registry waits with an answer while nothing changes.
const WAIT: Duration = Duration::from_secs(30);
/// Between one answer of the registry and the next question, and after a failure.
const PAUSE: Duration = Duration::from_millis(50);
const PAUSE_FAILED: Duration = Duration::from_secs(1);

/// What the registry says of a service.
type News = (String, Result<Indexed<Vec<Health>>, Error>);

/// A collector at work.
pub(super) struct Collector {
    mesh: Mesh,
    known: Known,
    joiner: Joiner,
    news: mpsc::Receiver<News>,
    _followers: JoinSet<()>,
    asking: JoinSet<(String, Instant, Result<View, Unseen>)>,
    asked: BTreeSet<String>,
    queue: VecDeque<String>,
}

impl Collector {
    /// Begins to follow these services.
    pub(super) fn new(mesh: Mesh, services: &[String]) -> Self {
        let (sender, news) = mpsc::channel(services.len().max(1));
        let (mut followers, mut known) = (JoinSet::new(), Known::default());
        for service in services {
            known.listed.insert(service.clone(), Listed::default());
            followers.spawn(follow(
                mesh.consul().clone(),
                service.clone(),
                sender.clone(),
            ));
        }
        Self {
            mesh,
            known,
            joiner: Joiner::default(),
            news,
            _followers: followers,
            asking: JoinSet::new(),
            asked: BTreeSet::new(),
            queue: VecDeque::new(),
        }
    }

    /// Shows a picture again and again, until nobody looks any more or the own member leaves.
    pub(super) async fn run(&mut self, shown: &watch::Sender<Option<Bytes>>) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // When the next picture is due, where there is one to come.
        let mut due = None::<Instant>;
        loop {
            tokio::select! {
                () = shown.closed() => return,
                _ = ticks.tick() => {
                    self.ask();
                    due = due.or(Some(Instant::now() + GATHER));
                }
                Some((id, at, said)) = next(&mut self.asking) => self.heard(&id, at, said),
                Some((service, said)) = self.news.recv() => {
                    self.listed(&service, said);
                    let soon = Instant::now() + SOON;
                    due = Some(due.map_or(soon, |due| due.min(soon)));
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    self.show(shown);
                    if self.mesh.life().phase == Phase::Draining {
                        return;
                    }
                }
            }
            self.fill();
        }
    }

    /// Has all members asked that are not being asked.
    fn ask(&mut self) {
        self.ask_self();
        let own = self.mesh.life().place.map(|place| place.id);
        for id in self.known.members.keys() {
            if own.as_ref() != Some(id) && self.asked.insert(id.clone()) {
                self.queue.push_back(id.clone());
            }
        }
    }

    /// This member is known without asking.
    fn ask_self(&mut self) {
        let report = self.mesh.report();
        let view = serde_json::to_value(&report).and_then(serde_json::from_value::<View>);
        if let (Some(id), Ok(view)) = (report.instance, view) {
            let member = self.known.members.entry(id.clone()).or_default();
            member.service.clone_from(&report.service);
            self.heard(&id, Instant::now(), Ok(view));
        }
    }

    fn fill(&mut self) {
        while self.asking.len() < ASKED_MAX
            && let Some(id) = self.queue.pop_front()
        {
            let admin = self
                .known
                .members
                .get(&id)
                .and_then(|member| member.admin.clone());
            self.asking.spawn(async move {
                let said = match admin {
                    Some(address) => fetch::view(&id, &address).await,
                    None => Err(Unseen::Nowhere),
                };
                (id, Instant::now(), said)
            });
        }
    }

    fn heard(&mut self, id: &str, at: Instant, said: Result<View, Unseen>) {
        self.asked.remove(id);
        let Some(member) = self.known.members.get_mut(id) else {
            return;
        };
        match said {
            Ok(view) => {
                self.joiner.heard(at, id, &view);
                member.unseen = None;
                member.view = Some((at, view));
            }
            Err(unseen) => {
                member.unseen = Some(unseen.to_string());
                self.forget_gone();
            }
        }
    }

    fn listed(&mut self, service: &str, said: Result<Indexed<Vec<Health>>, Error>) {
        let Some(listed) = self.known.listed.get_mut(service) else {
            return;
        };
        match said {
            Err(error) => listed.error = Some(error.to_string()),
            Ok(answer) => {
                listed.error = None;
                listed.doubtful = answer.behind || answer.filtered;
                let instances = answer.value;
                for health in &instances {
                    meet(&mut self.known.members, service, health);
                }
                let by_id = |health: Health| (health.service.id.clone(), health);
                let instances: BTreeMap<_, _> = instances.into_iter().map(by_id).collect();
                listed.instances = Some(instances);
                self.forget_gone();
            }
        }
    }

    /// Forgets who is not listed and does not answer. Who leaves is shown until then.
    fn forget_gone(&mut self) {
        let Known { listed, members } = &mut self.known;
        members.retain(|id, member| {
            let listed = listed.get(&member.service);
            member.unseen.is_none() || listed.is_some_and(|listed| listed.get(id).is_some())
        });
    }

    fn show(&mut self, shown: &watch::Sender<Option<Bytes>>) {
        let picture = self
            .joiner
            .picture(Instant::now(), SystemTime::now(), &self.known);
        if let Ok(json) = serde_json::to_vec(&picture) {
            shown.send_replace(Some(json.into()));
        }
    }
}

/// Gets to know a member that the registry lists.
fn meet(members: &mut BTreeMap<String, Member>, service: &str, health: &Health) {
    let is_known = members.contains_key(&health.service.id);
    if !is_known && members.len() >= MEMBERS_MAX {
        return;
    }
    let member = members.entry(health.service.id.clone()).or_default();
    service.clone_into(&mut member.service);
    member.admin = health.service.meta.get(admin::META).cloned();
}

/// The next one that is done; waits where there is none under way.
async fn next<T: 'static>(tasks: &mut JoinSet<T>) -> Option<T> {
    match tasks.join_next().await {
        Some(done) => done.ok(),
        None => std::future::pending().await,
    }
}

/// Tells what the registry says of a service, each time that it changes.
async fn follow(consul: Consul, service: String, news: mpsc::Sender<News>) {
    let mut index = Index::default();
    loop {
        let query = Query {
            index: index.get(),
            wait: WAIT,
        };
        let answer = consul.health_service(&service, query).await;
        let pause = match &answer {
            Ok(answer) => {
                index.answered(answer.index);
                PAUSE
            }
            Err(_) => {
                index.failed();
                PAUSE_FAILED
            }
        };
        if news.send((service.clone(), answer)).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}

/// Collects until nobody looks any more.
pub(super) async fn collect(
    mesh: Mesh,
    services: Arc<[String]>,
    shown: Arc<watch::Sender<Option<Bytes>>>,
) {
    Collector::new(mesh, &services).run(&shown).await;
}
