//! The system that a case breaks: a process for each instance, a real Consul, and gates between them.

mod gate;
mod member;
mod network;
mod shape;

use std::{collections::BTreeMap, env, path::Path};

use e2e::{Client, Launch, Registry, until};
use futures_util::future::join_all;

pub(crate) use self::{
    gate::{Gate, Mode},
    member::Member,
    network::Network,
    shape::Shape,
};
use crate::{Failure, Load, Pace, Suite, roles::ROLE};

/// All services; whoever is called comes before its callers.
pub(crate) const SERVICES: [&str; 5] = ["geo", "rate", "profile", "search", "frontend"];

/// The system. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) registry: Registry,
    /// By service, what stands between it and the registry.
    pub(crate) gates: BTreeMap<&'static str, Gate>,
    /// By service, its instances in the order of their start.
    pub(crate) members: BTreeMap<&'static str, Vec<Member>>,
    shape: Shape,
    suite: Suite,
}

impl Stage {
    /// Starts a system, and waits until it is well.
    ///
    /// # Panics
    /// When it does not come to that.
    pub(crate) async fn start(suite: &Suite, shape: Shape) -> Self {
        let registry = match &shape.memory {
            Some(folder) => Registry::consul_with_memory(folder.path()).await,
            None => Registry::consul().await,
        };
        let registry = registry.expect("a real Consul: scripts/get-consul.sh gets one");
        let mut stage = Self {
            gates: BTreeMap::new(),
            members: BTreeMap::new(),
            registry,
            shape,
            suite: suite.clone(),
        };
        for service in SERVICES {
            let gate = Gate::before(stage.registry.address()).await;
            stage.gates.insert(service, gate);
        }
        for service in SERVICES {
            stage.grow(service, stage.shape.instances(service)).await;
        }
        stage.until_well().await;
        stage
    }

    /// How long things last.
    pub(crate) fn pace(&self) -> Pace {
        self.suite.pace
    }

    /// The folder where the registry keeps what it knows.
    ///
    /// # Panics
    /// When it keeps nothing.
    pub(crate) fn memory(&self) -> &Path {
        let memory = self.shape.memory.as_ref();
        memory.expect("a registry with a memory").path()
    }

    /// A steady load, once all is well.
    pub(crate) async fn load(&self) -> Result<Load, Failure> {
        Load::start(self.registry.address(), self.suite.rate).await
    }

    /// Starts a further instance, and waits until it passes.
    pub(crate) async fn add(&mut self, service: &'static str) {
        self.grow(service, 1).await;
    }

    /// Starts further instances at once, and waits until they pass.
    pub(crate) async fn grow(&mut self, service: &'static str, count: usize) {
        let starting: Vec<_> = (0..count).map(|_| self.launch(service)).collect();
        self.enlist(service, starting).await;
    }

    /// Starts instances in ways of their own, and waits until they pass.
    pub(crate) async fn enlist(&mut self, service: &'static str, starting: Vec<Launch>) {
        let suite = &self.suite;
        let started = starting
            .iter()
            .map(|launch| Member::start(service, launch, suite));
        let started = join_all(started).await;
        for member in started {
            self.until_passing(&member).await;
            self.members.entry(service).or_default().push(member);
        }
    }

    /// How an instance of a service is started.
    pub(crate) fn launch(&self, service: &'static str) -> Launch {
        let binary = env::current_exe().expect("this program's own file");
        let registry = self.gates[service].address().to_string();
        let launch = Launch::new(binary.to_str().expect("a path of text"))
            .set(ROLE, self.shape.role(service))
            .set("BELLHOP_EXPLAIN", "true")
            .set("CONSUL_HTTP_ADDR", &registry);
        let settings = self.shape.settings(service).iter();
        settings.fold(launch, |launch, (name, value)| launch.set(name, value))
    }

    /// The id of an instance, and how many of its service there are.
    pub(crate) fn share(&self, service: &str, index: usize) -> (String, usize) {
        let members = &self.members[service];
        (members[index].id.clone(), members.len())
    }

    /// Takes an instance off the list, to do with it as one likes.
    pub(crate) fn remove(&mut self, service: &str, index: usize) -> Member {
        let members = self.members.get_mut(service).expect("a service");
        members.remove(index)
    }

    /// The same for all instances of a service.
    pub(crate) fn remove_all(&mut self, service: &str) -> Vec<Member> {
        std::mem::take(self.members.get_mut(service).expect("a service"))
    }

    async fn until_passing(&self, member: &Member) {
        let Member { service, id, .. } = member;
        until(&format!("{id} of {service} passes"), || async {
            let passing = self.registry.passing(service).await;
            passing.contains(id).then_some(())
        })
        .await;
    }

    /// Waits until the registry names every instance as one that passes.
    pub(crate) async fn until_all_pass(&self) {
        for member in self.members.values().flatten() {
            self.until_passing(member).await;
        }
    }

    /// Waits until every frontend says that it can reach all that it needs.
    async fn until_well(&self) {
        let client = Client::without_reuse();
        for frontend in self.members.get("frontend").into_iter().flatten() {
            let url = format!("http://{}/readyz", frontend.address);
            until("a frontend that is ready", || async {
                let ready = client.get(&url).await.ok()?;
                (ready.json()["status"] == "ok").then_some(())
            })
            .await;
        }
    }
}

impl Drop for Stage {
    /// Nobody whom the case has left on the list may have ended.
    fn drop(&mut self) {
        for member in self.members.values_mut().flatten() {
            if let Some(end) = member.process.ended() {
                self.suite.ended(&member.id, end, member.process.log());
            }
        }
    }
}
