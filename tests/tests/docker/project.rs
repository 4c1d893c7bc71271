//! `docker-compose.yml` as it runs, and the commands of `docs/operations.md`.

use std::{fs, net::Ipv4Addr, path::PathBuf};

use e2e::{Answer, Client, until};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    engine::{Engine, Settings, root},
    images,
};

pub(crate) const MEMBERS: [&str; 5] = ["geo", "rate", "profile", "search", "frontend"];

/// The README's.
pub(crate) const EXAMPLE: &str = "/hotels?inDate=2015-04-09&outDate=2015-04-10";

/// There is one network of these addresses.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Containers of one project, until this is dropped.
pub(crate) struct Project {
    pub(crate) engine: Engine,
    settings: Settings,
    /// What undoes it.
    down: &'static str,
    images: PathBuf,
    _files: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// Which images.
fn images_of(services: &[&str]) -> String {
    let mut text = "services:\n".to_owned();
    for service in services {
        let image = match *service {
            "consul" | "consul-secrets" | "consul-tokens" => "bellhop-test/consul",
            "jaeger" => "bellhop-test/jaeger",
            "prometheus" => "bellhop-test/prometheus",
            _ => "bellhop-test/hotels:${HOTELS_VERSION}",
        };
        text += &format!("  {service}: {{image: \"{image}\"}}\n");
    }
    text
}

/// Ports that nobody has.
///
/// And each request is one call of rate, however late it is: calls are counted.
const PORTS: &str = "services:
  search: {environment: {BELLHOP_HEDGE_AFTER: \"off\"}}
  consul: {ports: !override [\"127.0.0.1::8500\", \"127.0.0.1::8501\"]}
  jaeger: {ports: !override [\"127.0.0.1::16686\"]}
  prometheus: {ports: !override [\"127.0.0.1::9090\"]}
  frontend: {ports: !override [\"127.0.0.1::5000\"]}
";

/// Undoes all of it; those who run by themselves are no part of what Compose takes down.
const DOWN: &str = "docker ps --all --quiet --filter label=com.docker.compose.project=bellhop-test | xargs -r docker rm --force
    docker compose down --volumes --remove-orphans";

/// To tell why a test failed.
const SHOWN: &str =
    "docker compose ps --all; docker compose logs --tail 15; docker stack ps hotels 2>/dev/null";

/// What is left of all projects then.
const IMAGES_GONE: &str = "docker images --quiet --filter 'reference=bellhop-test/*' | sort -u | xargs -r docker rmi --force >/dev/null";

impl Project {
    /// With these files beside docker-compose.yml, and images for these services more.
    pub(crate) async fn new(files: &[&str], more: &[&str]) -> Option<Self> {
        let alone = ONE_AT_A_TIME.lock().await;
        let engine = Engine::find().await?;
        let folder = TempDir::new().unwrap();
        let [ours, ports] = ["images.yml", "ports.yml"].map(|name| folder.path().join(name));
        let services = [&["consul", "jaeger"], &MEMBERS[..], more].concat();
        fs::write(&ours, images_of(&services)).unwrap();
        fs::write(&ports, PORTS).unwrap();
        let files: Vec<_> = ["docker-compose.yml"].iter().chain(files).collect();
        let files: String = files.iter().map(|file| format!("{file}:")).collect();
        let settings = vec![
            ("COMPOSE_PROJECT_NAME", "bellhop-test".to_owned()),
            (
                "COMPOSE_FILE",
                format!("{files}{}:{}", ours.display(), ports.display()),
            ),
            ("COMPOSE_PROFILES", "secure".to_owned()),
            ("HOTELS_VERSION", "v1".to_owned()),
        ];
        let project = Self {
            engine,
            settings,
            down: DOWN,
            images: ours,
            _files: folder,
            _alone: alone,
        };
        project.must(project.down).await;
        images::build(&project.engine).await;
        Some(project)
    }

    /// Of other commands than Compose's.
    pub(crate) fn undone_by(mut self, down: &'static str) -> Self {
        self.down = down;
        self
    }

    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    pub(crate) async fn must(&self, commands: &str) -> String {
        self.engine.must(commands, &self.settings).await
    }

    /// What commands say of their failure, which must be one.
    pub(crate) async fn refused(&self, commands: &str) -> String {
        let done = self.engine.run(commands, &self.settings).await;
        done.expect_err("a refusal")
    }

    /// Goes by the commands of the documentation that stand there under a heading, the how manieth of it. Images are there already.
    pub(crate) async fn walk(&self, heading: &str, block: usize) -> String {
        let text = fs::read_to_string(root().join("docs/operations.md")).unwrap();
        let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let blocks = section.split("```sh\n").skip(1);
        let commands = blocks.map(|block| block.split("```").next().unwrap());
        let commands = commands.collect::<Vec<_>>()[block];
        let built = |line: &&str| !line.starts_with("docker compose build");
        let commands: Vec<_> = commands.lines().filter(built).collect();
        let images = format!("deploy/swarm.yml --compose-file {}", self.images.display());
        let commands = commands.join("\n").replace(" --build", "");
        let commands = commands.replace("deploy/swarm.yml", &images);
        self.must(&commands.replace("\"hotels:", "\"bellhop-test/hotels:"))
            .await
    }

    /// The containers of a service that run, as the engine sees them.
    pub(crate) async fn containers(&self, service: &str) -> Vec<Value> {
        let list = format!("docker compose ps --quiet {service} | xargs -r docker inspect");
        let text = self.must(&list).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no {service}"))
    }

    /// Where a port of a service can be reached from here.
    pub(crate) async fn port(&self, service: &str, port: u16) -> String {
        let ask = format!("docker compose port {service} {port}");
        self.must(&ask).await.trim().to_owned()
    }

    /// The README's request, once it is answered.
    pub(crate) async fn example(&self, frontend: &str) -> Answer {
        let (client, url) = (Client::new(), format!("http://{frontend}{EXAMPLE}"));
        until("the example's answer", || async {
            let answer = client.get(&url).await.ok()?;
            is_whole(&answer).then_some(answer)
        })
        .await
    }

    /// Waits until what search knows of a service is so.
    pub(crate) async fn search_sees(
        &self,
        what: &str,
        service: &str,
        is_so: impl Fn(&Value) -> bool,
    ) {
        let search = address(&self.containers("search").await[0]);
        let (client, url) = (Client::new(), format!("http://{search}:9464/mesh"));
        until(what, || async {
            let mesh = client.get(&url).await.ok()?.json();
            let mut upstreams = mesh["upstreams"].as_array()?.iter();
            let of = upstreams.find(|upstream| upstream["service"] == service)?;
            is_so(of).then_some(())
        })
        .await;
    }

    /// Waits until a Consul without ACLs knows so many instances that pass, and where they are.
    pub(crate) async fn registered(&self, service: &str, instances: usize) -> Vec<Ipv4Addr> {
        let consul = self.port("consul", 8500).await;
        let url = format!("http://{consul}/v1/health/service/{service}?passing");
        let client = Client::new();
        until(&format!("{instances} of {service}"), || async {
            let known = client.get(&url).await.ok()?.json();
            let known = known.as_array()?.iter();
            let address = |one: &Value| one["Service"]["Address"].as_str()?.parse().ok();
            let known: Vec<_> = known.filter_map(address).collect();
            (known.len() == instances).then_some(known)
        })
        .await
    }
}

/// Hotels with their rates and names.
pub(crate) fn is_whole(answer: &Answer) -> bool {
    answer.status == 200 && {
        let said = answer.json();
        said.get("degraded").is_none()
            && said["features"].as_array().is_some_and(|it| !it.is_empty())
    }
}

/// The address of a container in the members' network.
pub(crate) fn address(container: &Value) -> Ipv4Addr {
    let networks = container["NetworkSettings"]["Networks"]
        .as_object()
        .unwrap();
    let mesh = networks.iter().find(|(name, _)| name.ends_with("_mesh"));
    let (_, mesh) = mesh.expect("a container in the mesh");
    mesh["IPAddress"].as_str().unwrap().parse().unwrap()
}

impl Drop for Project {
    fn drop(&mut self) {
        let shown = match std::thread::panicking() {
            true => SHOWN,
            false => "",
        };
        // One that fails keeps none of the others from it.
        let commands = format!("set +e\n{shown}\n{}\n{IMAGES_GONE}", self.down);
        let mut shell = self.engine.shell(&commands);
        shell.envs(self.settings.iter().map(|(name, value)| (name, value)));
        let _ = shell.status();
    }
}
