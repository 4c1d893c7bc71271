//! What becomes of callers when a registry's health checks tell nothing of the instances, which answer all the while.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bellhop::{
    Channel, Mesh,
    client::Report,
    consul::{Check, Consul, Definition, HealthState, Probe, Weights},
};
use e2e::{Counted, PATIENCE, Registry, against_both, free_ports, until};
use hotel_proto::geo::{Request as Ask, geo_client::GeoClient};
use tokio::task::JoinHandle;
use tonic::Status;

/// A server, and its name in the registry.
struct Instance {
    id: String,
    server: Counted,
}

impl Instance {
    async fn start(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            server: Counted::start(SocketAddr::from(([127, 0, 0, 1], 0))).await,
        }
    }

    /// With a check that says what it is told to.
    fn definition(&self, status: HealthState) -> Definition {
        let check = Check {
            id: self.check(),
            name: "told".to_owned(),
            notes: String::new(),
            probe: Probe::Ttl { ttl: 10 * PATIENCE },
            status,
            deregister_after: None,
        };
        Definition {
            id: self.id.clone(),
            name: "geo".to_owned(),
            address: "127.0.0.1".to_owned(),
            port: self.server.address().port(),
            tags: Vec::new(),
            meta: BTreeMap::new(),
            weights: Weights {
                passing: 1,
                warning: 1,
            },
            checks: vec![check],
        }
    }

    fn check(&self) -> String {
        format!("told:{}", self.id)
    }

    fn calls(&self) -> usize {
        self.server.calls()
    }
}

/// Instances, and what the registry is told of them.
struct Stage {
    registry: Registry,
    consul: Consul,
    instances: Vec<Instance>,
}

impl Stage {
    async fn new(registry: Registry, statuses: &[HealthState]) -> Self {
        let consul = caller(&registry).consul().clone();
        let mut instances = Vec::new();
        for (number, status) in statuses.iter().enumerate() {
            let instance = Instance::start(&format!("geo-{number}")).await;
            consul
                .register(&instance.definition(*status))
                .await
                .unwrap();
            instances.push(instance);
        }
        Self {
            registry,
            consul,
            instances,
        }
    }

    async fn tell(&self, number: usize, status: HealthState) {
        let check = self.instances[number].check();
        self.consul.update_check(&check, status, "").await.unwrap();
    }

    async fn deregister(&self, number: usize) {
        self.consul
            .deregister(&self.instances[number].id)
            .await
            .unwrap();
    }

    async fn register(&self, number: usize, status: HealthState) {
        let definition = self.instances[number].definition(status);
        self.consul.register(&definition).await.unwrap();
    }

    /// One that passes, and that nobody can connect to.
    async fn register_nobody(&self) {
        let mut definition = self.instances[0].definition(HealthState::Passing);
        definition.id = "nobody".to_owned();
        definition.port = free_ports::<1>()[0];
        definition.checks.clear();
        self.consul.register(&definition).await.unwrap();
    }

    async fn deregister_nobody(&self) {
        self.consul.deregister("nobody").await.unwrap();
    }

    /// Waits until each has one call more.
    async fn is_called(&self) {
        for instance in &self.instances {
            let before = instance.calls();
            until("a call to each", || async {
                (instance.calls() > before).then_some(())
            })
            .await;
        }
    }
}

fn caller(registry: &Registry) -> Mesh {
    let address = registry.address().to_string();
    let settings = BTreeMap::from([("CONSUL_HTTP_ADDR".to_owned(), address)]);
    Mesh::from_source("caller", &settings).unwrap()
}

async fn is(channel: &Channel, what: &str, is_so: impl Fn(&Report) -> bool) {
    until(what, || async { is_so(&channel.report()).then_some(()) }).await;
}

async fn call(channel: &Channel) -> Result<(), Status> {
    let mut client = GeoClient::new(channel.clone());
    client.nearby(Ask::default()).await.map(drop)
}

/// Calls without a pause, none of which may fail.
struct Load {
    enough: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Load {
    fn start(channel: &Channel) -> Self {
        let enough = Arc::<AtomicBool>::default();
        let (channel, until) = (channel.clone(), enough.clone());
        let task = tokio::spawn(async move {
            while !until.load(Ordering::Relaxed) {
                call(&channel).await.expect("an answer");
            }
        });
        Self { enough, task }
    }

    async fn stop(self) {
        self.enough.store(true, Ordering::Relaxed);
        self.task.await.expect("no call failed");
    }
}

async fn who_is_deregistered_for_checks_that_fail_for_all_is_called_all_the_while(
    registry: Registry,
) {
    let stage = Stage::new(registry, &[HealthState::Passing; 3]).await;
    let mesh = caller(&stage.registry);
    let channel = mesh.channel("geo");
    is(&channel, "all are connected", |report| {
        report.connected == 3
    })
    .await;
    let load = Load::start(&channel);
    for number in 0..3 {
        stage.tell(number, HealthState::Critical).await;
    }
    is(&channel, "all are kept", |report| report.kept == 3).await;

    // As Consul does after a minute: one after the other, until none is left. Who comes then and is nowhere shows that it was heard.
    for number in 0..3 {
        stage.deregister(number).await;
    }
    stage.register_nobody().await;
    is(&channel, "none of them is named", |report| {
        report.known == 4
    })
    .await;
    assert_eq!(channel.report().kept, 3);
    stage.is_called().await;

    for number in 0..3 {
        stage.register(number, HealthState::Critical).await;
    }
    stage.tell(0, HealthState::Passing).await;
    is(&channel, "one is vouched for again", |report| {
        report.kept == 2
    })
    .await;
    for number in 1..3 {
        stage.tell(number, HealthState::Passing).await;
    }
    is(&channel, "all are", |report| report.kept == 0).await;
    assert_eq!(channel.report().connected, 3);
    load.stop().await;
}

async fn a_caller_that_starts_while_all_are_critical_calls_those_who_answer(registry: Registry) {
    let stage = Stage::new(registry, &[HealthState::Critical; 3]).await;
    let mesh = caller(&stage.registry);
    let channel = mesh.channel("geo");
    call(&channel).await.expect("an answer");
    is(&channel, "all take turns", |report| {
        (report.known, report.connected) == (3, 3)
    })
    .await;
    assert!(channel.report().panic);

    // Also while the registry deregisters them for it.
    let load = Load::start(&channel);
    for number in 0..3 {
        stage.deregister(number).await;
    }
    stage.register_nobody().await;
    is(&channel, "none of them is named", |report| {
        report.known == 4
    })
    .await;
    stage.is_called().await;
    for number in 0..3 {
        stage.register(number, HealthState::Critical).await;
    }
    stage.deregister_nobody().await;
    is(&channel, "they are named again", |report| report.known == 3).await;
    for number in 0..3 {
        stage.tell(number, HealthState::Passing).await;
    }
    is(&channel, "all are vouched for", |report| {
        (report.known, report.kept) == (3, 0)
    })
    .await;
    load.stop().await;
}

async fn a_critical_newcomer_is_not_called_beside_one_that_passes(registry: Registry) {
    let stage = Stage::new(registry, &[HealthState::Critical, HealthState::Passing]).await;
    let mesh = caller(&stage.registry);
    let channel = mesh.channel("geo");
    let load = Load::start(&channel);
    is(&channel, "both are connected", |report| {
        (report.known, report.spare) == (1, 1)
    })
    .await;
    let before = stage.instances[1].calls();
    until("more calls", || async {
        (stage.instances[1].calls() > before + 100).then_some(())
    })
    .await;
    assert_eq!(stage.instances[0].calls(), 0);

    // Where that one leaves, it is better than nobody.
    stage.deregister(1).await;
    until("a call", || async {
        (stage.instances[0].calls() > 0).then_some(())
    })
    .await;
    load.stop().await;
}

against_both![
    who_is_deregistered_for_checks_that_fail_for_all_is_called_all_the_while,
    a_caller_that_starts_while_all_are_critical_calls_those_who_answer,
    a_critical_newcomer_is_not_called_beside_one_that_passes,
];
