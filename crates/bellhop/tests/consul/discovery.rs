//! Following a service.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use bellhop::{
    consul::{Consul, HealthState},
    discovery::{Change, Event, Instance, InstanceId, Settings, Watch, watch},
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
struct Known {
    watch: Watch,
    instances: BTreeMap<InstanceId, Instance>,
    registered: usize,
    failures: usize,
}

impl Known {
    fn of(consul: Consul) -> Self {
        let settings = Settings { wait: PATIENCE };
        Self {
            watch: watch(consul, "geo", settings),
            instances: BTreeMap::new(),
            registered: 0,
            failures: 0,
        }
    }

    async fn event(&mut self) {
        match soon("an event", self.watch.next()).await.unwrap() {
            Event::Unreachable { .. } => self.failures += 1,
            Event::Answer {
                changes,
                registered,
            } => {
                self.registered = registered;
                for change in changes {
                    match change {
                        Change::Insert(id, instance) => drop(self.instances.insert(id, instance)),
                        Change::Remove(id) => assert!(self.instances.remove(&id).is_some()),
                    }
                }
            }
        }
    }

    /// Follows until so many are registered and these serve, each with its weight.
    async fn becomes(&mut self, registered: usize, serving: &[(&str, u32)]) {
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
    known.becomes(0, &[]).await;
    consul
        .register(&definition("a", HealthState::Passing))
        .await
        .unwrap();
    known.becomes(1, &[("a", 3)]).await;
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
    let mut known = Known::of(fake.consul());
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
        .map(|request| request.line().contains("index=5"))
        .collect();
    assert_eq!(
        indexes,
        [false, true, false, false, false, false],
        "after a failure nothing is waited for"
    );
}
