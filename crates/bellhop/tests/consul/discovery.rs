//! Following a service.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bellhop::{
    consul::{Consul, Definition, HealthState},
    discovery::{Change, Event, Instance, InstanceId, Notes, Settings, Watch, watch},
};
use futures_util::StreamExt;

use crate::{
    definition,
    support::{
        agent::Agent,
        fake::{Fake, Reply},
        wait::{PATIENCE, soon},
    },
};

/// What a follower knows.
pub(crate) struct Known {
    watch: Watch,
    instances: BTreeMap<InstanceId, Instance>,
    /// Those that the registry does not vouch for.
    kept: BTreeSet<InstanceId>,
    spare: BTreeSet<InstanceId>,
    registered: usize,
    failures: usize,
    notes: Notes,
}

impl Known {
    pub(crate) fn of(consul: Consul) -> Self {
        let settings = Settings {
            wait: PATIENCE,
            ..Settings::default()
        };
        Self::with(consul, settings)
    }

    fn with(consul: Consul, settings: Settings) -> Self {
        Self {
            watch: watch(consul, "geo", settings),
            instances: BTreeMap::new(),
            kept: BTreeSet::new(),
            spare: BTreeSet::new(),
            registered: 0,
            failures: 0,
            notes: Notes::default(),
        }
    }

    pub(crate) async fn event(&mut self) {
        let event = loop {
            let event = soon("an event", self.watch.next()).await.unwrap();
            if !matches!(event, Event::About(_)) {
                break event;
            }
        };
        match event {
            Event::Unreachable { .. } => self.failures += 1,
            Event::Answer {
                changes,
                registered,
            } => {
                self.registered = registered;
                self.change(changes);
            }
            Event::Remembered { changes, .. } => self.change(changes),
            Event::Notes(notes) => self.notes = notes,
            Event::Critical(_) => {}
            event => panic!("what is this: {event:?}"),
        }
    }

    fn change(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Insert(id, instance) => {
                    self.kept.remove(&id);
                    self.spare.remove(&id);
                    self.instances.insert(id, instance);
                }
                Change::Keep(id, instance) => {
                    self.spare.remove(&id);
                    self.kept.insert(id.clone());
                    self.instances.insert(id, instance);
                }
                Change::Spare(id, _) | Change::Unproven(id, _) => {
                    self.kept.remove(&id);
                    self.instances.remove(&id);
                    self.spare.insert(id);
                }
                Change::Remove(id) => {
                    self.kept.remove(&id);
                    assert!(self.spare.remove(&id) || self.instances.remove(&id).is_some());
                }
            }
        }
    }

    pub(crate) fn instances(&self) -> impl Iterator<Item = &str> {
        self.instances.keys().map(InstanceId::as_str)
    }

    pub(crate) fn kept(&self) -> Vec<&str> {
        self.kept.iter().map(InstanceId::as_str).collect()
    }

    /// Follows until so many are registered and these serve, each with its weight.
    pub(crate) async fn becomes(&mut self, registered: usize, serving: &[(&str, u32)]) {
        let is_so = |known: &Self| {
            let found = known
                .instances
                .iter()
                .map(|(id, instance)| (id.as_str(), instance.weight));
            known.registered == registered && found.eq(serving.iter().copied())
        };
        soon(
            &format!("{registered} registered, serving: {serving:?}"),
            async {
                while !is_so(self) {
                    self.event().await;
                }
            },
        )
        .await;
    }
}

#[tokio::test]
async fn instances_come_change_and_go() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    let mut known = Known::of(consul.clone());
    known.event().await;
    assert_eq!((known.registered, known.failures), (0, 0));

    consul
        .register(&definition("a", HealthState::Passing))
        .await
        .unwrap();
    consul
        .register(&definition("b", HealthState::Critical))
        .await
        .unwrap();
    known.becomes(2, &[("a", 3)]).await;
    consul
        .update_check("service:b", HealthState::Warning, "")
        .await
        .unwrap();
    known.becomes(2, &[("a", 3), ("b", 2)]).await;
    consul.maintenance("a", true, "").await.unwrap();
    known.becomes(2, &[("b", 2)]).await;
    consul.maintenance("a", false, "").await.unwrap();
    consul.deregister("b").await.unwrap();
    known.becomes(1, &[("a", 3)]).await;
    consul.deregister("a").await.unwrap();
    known.becomes(0, &[]).await;
    assert_eq!(known.failures, 0);
}

#[tokio::test]
async fn while_the_agent_is_gone_what_is_known_stays_in_use() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    consul
        .register(&definition("a", HealthState::Passing))
        .await
        .unwrap();
    let mut known = Known::of(consul.clone());
    known.becomes(1, &[("a", 3)]).await;

    agent.kill();
    while known.failures < 3 {
        known.event().await;
    }
    assert_eq!(known.instances.len(), 1);

    agent.restart().await;
    known.becomes(0, &[("a", 3)]).await;
    assert_eq!(known.kept(), ["a"]);
    consul
        .register(&definition("a", HealthState::Passing))
        .await
        .unwrap();
    while !known.kept().is_empty() {
        known.event().await;
    }
    known.becomes(1, &[("a", 3)]).await;
    consul.deregister("a").await.unwrap();
    known.becomes(0, &[]).await;
}

fn at_its_own_port(id: &str, status: HealthState) -> Definition {
    Definition {
        port: 4000 + u16::from(id.as_bytes()[0]),
        ..definition(id, status)
    }
}

#[tokio::test]
async fn registrations_trickle_in_and_nobody_is_lost_meanwhile() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    for id in ["a", "b", "c"] {
        let definition = at_its_own_port(id, HealthState::Passing);
        consul.register(&definition).await.unwrap();
    }
    let mut known = Known::of(consul.clone());
    let all = [("a", 3), ("b", 3), ("c", 3)];
    known.becomes(3, &all).await;

    agent.kill();
    known.event().await;
    agent.restart().await;
    known.becomes(0, &all).await;
    assert_eq!(known.kept(), ["a", "b", "c"]);
    // The first comes back as one that Consul has not called yet.
    consul
        .register(&at_its_own_port("b", HealthState::Critical))
        .await
        .unwrap();
    known.becomes(1, &all).await;
    assert_eq!(known.kept(), ["a", "b", "c"]);
    consul
        .update_check("service:b", HealthState::Passing, "")
        .await
        .unwrap();
    for (registered, id) in [(1, "b"), (2, "a"), (3, "c")] {
        if id != "b" {
            let definition = at_its_own_port(id, HealthState::Passing);
            consul.register(&definition).await.unwrap();
        }
        while known.registered < registered || known.kept.contains(&InstanceId::new(id)) {
            known.event().await;
        }
        assert_eq!(known.instances.len(), 3);
    }
    assert!(known.kept().is_empty());
}

#[tokio::test]
async fn the_grace_has_an_end() {
    let Some(mut agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    consul
        .register(&definition("a", HealthState::Passing))
        .await
        .unwrap();
    let settings = Settings {
        hold: Some(Duration::from_millis(300)),
        ..Settings::default()
    };
    let mut known = Known::with(consul, settings);
    known.becomes(1, &[("a", 3)]).await;
    agent.kill();
    known.event().await;
    agent.restart().await;
    known.becomes(0, &[]).await;
}

#[tokio::test]
async fn the_critical_stay_while_most_are_and_maintenance_does_not_count() {
    let Some(agent) = Agent::start().await else {
        return;
    };
    let consul = agent.consul();
    for id in ["a", "b", "c"] {
        let definition = at_its_own_port(id, HealthState::Passing);
        consul.register(&definition).await.unwrap();
    }
    let mut known = Known::of(consul.clone());
    known.becomes(3, &[("a", 3), ("b", 3), ("c", 3)]).await;
    let report = async |id: &str, state| {
        let check = format!("service:{id}");
        consul.update_check(&check, state, "").await.unwrap();
    };
    report("a", HealthState::Critical).await;
    known.becomes(3, &[("b", 3), ("c", 3)]).await;
    report("b", HealthState::Critical).await;
    known.becomes(3, &[("a", 2), ("b", 2), ("c", 3)]).await;
    assert_eq!(known.kept(), ["a", "b"]);
    while !known.notes.panic {
        known.event().await;
    }
    consul.maintenance("a", true, "").await.unwrap();
    known.becomes(3, &[("c", 3)]).await;
    consul.deregister("a").await.unwrap();
    report("b", HealthState::Passing).await;
    known.becomes(2, &[("b", 3), ("c", 3)]).await;
    while known.notes.panic {
        known.event().await;
    }
}

#[tokio::test]
async fn nonsense_is_a_failure_and_no_empty_set() {
    let turn = AtomicUsize::new(0);
    let good =
        r#"[{"Node": {"Node": "n", "Address": "10.0.0.1"}, "Service": {"ID": "a", "Port": 1}}]"#;
    let fake = Fake::start(move |_| match turn.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Json(5, good.to_owned()),
        1 => Reply::Json(6, good[..50].to_owned()),
        2 => Reply::Json(6, "{}".to_owned()),
        3 => Reply::Status(500, "rpc error".to_owned()),
        4 => Reply::Raw(Vec::new()),
        _ => Reply::Json(7, "[]".to_owned()),
    })
    .await;
    let settings = Settings {
        hold: None,
        ..Settings::default()
    };
    let mut known = Known::with(fake.consul(), settings);
    known.becomes(1, &[("a", 1)]).await;
    for failures in 1..=4 {
        known.event().await;
        assert_eq!((known.failures, known.instances.len()), (failures, 1));
    }
    known.event().await;
    assert!(known.instances.is_empty());

    let indexes: Vec<bool> = fake
        .answered()
        .iter()
        // Of what is empty it also asks why.
        .filter(|request| request.line().starts_with("GET"))
        .map(|request| request.line().contains("index=5"))
        .collect();
    assert_eq!(
        indexes,
        [false, true, false, false, false, false],
        "after a failure nothing is waited for"
    );
}

#[tokio::test]
async fn a_stream_takes_instances_away_but_not_before_it_has_begun() {
    let turn = AtomicUsize::new(0);
    let a =
        r#"[{"Node": {"Node": "n", "Address": "10.0.0.1"}, "Service": {"ID": "a", "Port": 1}}]"#;
    let fake = Fake::start(move |request| {
        // Of what is empty it also asks why.
        if !request.line().starts_with("GET") {
            return Reply::Status(401, "ACL support disabled".to_owned());
        }
        match turn.fetch_add(1, Ordering::Relaxed) {
            0 | 2 => Reply::Json(18, a.to_owned()),
            1 => Reply::Streamed(1, "[]".to_owned()),
            3 => Reply::Streamed(19, "[]".to_owned()),
            _ => Reply::Hang,
        }
    })
    .await;
    let settings = Settings {
        hold: None,
        ..Settings::default()
    };
    let mut known = Known::with(fake.consul(), settings);
    known.becomes(1, &[("a", 1)]).await;
    for turn in 1..=2 {
        known.event().await;
        assert_eq!(known.instances.len(), 1, "after turn {turn}");
    }
    known.becomes(0, &[]).await;
    assert_eq!(known.failures, 0);
}
