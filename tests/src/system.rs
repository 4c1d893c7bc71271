//! The whole system, one process per service.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use serde_json::Value;

use crate::{Answer, Client, Launch, Process, Registry, until};

const EXAMPLE: &str = "inDate=2015-04-09&outDate=2015-04-10";

/// Five processes and more.
#[derive(Debug)]
pub struct System {
    /// How further processes are started.
    pub launch: Launch,
    /// By service, its processes in the order of their start.
    pub processes: BTreeMap<&'static str, Vec<Process>>,
    client: Client,
    frontend: String,
}

impl System {
    /// Starts one process per service, and waits until a request can go through all of them.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn start(launch: Launch) -> Self {
        let mut system = Self {
            launch,
            processes: BTreeMap::new(),
            client: Client::without_reuse(),
            frontend: String::new(),
        };
        for service in ["geo", "rate", "profile", "search"] {
            system.add(service);
        }
        let frontend = system.launch.start(&["frontend", "--http", "127.0.0.1:0"]);
        let (address, _) = frontend.serving("frontend").await;
        system.frontend = format!("http://{address}");
        system.processes.insert("frontend", vec![frontend]);
        until("a system that is ready", || async {
            let ready = system.get("/readyz").await.ok()?;
            (ready.json()["status"] == "ok").then_some(())
        })
        .await;
        system.until_connected().await;
        system
    }

    /// Waits until every member is connected to all whom it calls, from each of its threads. That the frontend is ready does
    /// not tell this of the others.
    async fn until_connected(&self) {
        let mut own = BTreeSet::new();
        for (service, process) in self.each() {
            own.insert(process.serving(service).await.1);
        }
        for (service, process) in self.each() {
            let admin = process.admin(service).await;
            until(&format!("{service} is connected"), || async {
                self.is_connected(admin, &own).await.filter(|is| *is)
            })
            .await;
        }
    }

    fn each(&self) -> impl Iterator<Item = (&'static str, &Process)> {
        let services = self.processes.iter();
        services.flat_map(|(service, processes)| processes.iter().map(|one| (*service, one)))
    }

    /// Whether a member is connected to one of these at least, in each service that it calls; `None` where it does not say.
    async fn is_connected(&self, admin: SocketAddr, own: &BTreeSet<String>) -> Option<bool> {
        let page = async |path| {
            let answer = self.client.get(&format!("http://{admin}{path}")).await;
            Some(answer.ok()?.json())
        };
        let tasks = page("/debug/tasks").await?;
        let threads = tasks["shards"].as_array()?.len();
        let mesh = page("/mesh").await?;
        let is_one = |instance: &Value| {
            let connections = instance["connections"].as_array();
            let id = instance["id"].as_str();
            id.is_some_and(|id| own.contains(id)) && connections.map(Vec::len) == Some(threads)
        };
        let mut upstreams = mesh["upstreams"].as_array()?.iter();
        Some(upstreams.all(|upstream| {
            let instances = upstream["instances"].as_array();
            instances.is_some_and(|instances| instances.iter().any(is_one))
        }))
    }

    /// Starts a further instance of a service.
    pub fn add(&mut self, service: &'static str) -> &Process {
        let processes = self.processes.entry(service).or_default();
        processes.push(self.launch.start(&[service]));
        &processes[processes.len() - 1]
    }

    /// Waits until a service has so many instances that pass; returns their ids.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn passing(&self, registry: &Registry, service: &str, count: usize) -> Vec<String> {
        until(&format!("{count} of {service} pass"), || async {
            let ids = registry.passing(service).await;
            (ids.len() == count).then_some(ids)
        })
        .await
    }

    /// Where the frontend's page is.
    pub fn address(&self) -> &str {
        &self.frontend
    }

    /// Asks the frontend.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.client.get(&format!("{}{path}", self.frontend)).await
    }

    /// Asks the frontend for hotels.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn hotels(&self, query: &str) -> Result<Answer, String> {
        self.get(&format!("/hotels?{query}")).await
    }

    /// The example request; an error where the answer is not the one that it should be.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn example(&self) -> Result<(), String> {
        let answer = self.hotels(EXAMPLE).await?;
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status != 200 {
            return Err(format!("{}: {body}", answer.status));
        }
        let features = answer.json()["features"].clone();
        match (&features[0]["id"], &features[1]["id"]) {
            (first, second) if first == "5" && second == "3" => Ok(()),
            _ => Err(body),
        }
    }

    /// A request with headers of its own.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub async fn example_with(&self, headers: &[(&str, &str)]) -> Result<Answer, String> {
        let url = format!("{}/hotels?{EXAMPLE}", self.frontend);
        self.client.get_with(&url, headers).await
    }
}
