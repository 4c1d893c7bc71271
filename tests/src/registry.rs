//! Registries to run against: the embedded one and a real Consul.

use std::{
    env,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use mini_consul::MiniConsul;
use serde_json::Value;
use tokio::{runtime::Builder, sync::oneshot};

use crate::{Client, Raw, until};

/// A registry that runs until this is dropped.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    /// How to start it, where it is a real one.
    agent: Option<Agent>,
    running: Option<Running>,
}

/// How to start a real Consul.
#[derive(Debug)]
struct Agent {
    binary: PathBuf,
    /// Where it keeps what it knows over a restart.
    memory: Option<PathBuf>,
    /// For its own kind, near and far, and for those it leads: the same after a restart.
    ports: [u16; 3],
}

#[derive(Debug)]
enum Running {
    Mini {
        stop: Option<oneshot::Sender<()>>,
        thread: Option<thread::JoinHandle<()>>,
    },
    Consul(Child),
}

impl Registry {
    /// mini-consul, on a free port.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn mini() -> Self {
        let (address, running) = mini(SocketAddr::from(([127, 0, 0, 1], 0)));
        Self {
            address,
            agent: None,
            running: Some(running),
        }
    }

    /// A real Consul, where there is one. Says so where there is none, unless `BELLHOP_REQUIRE_CONSUL` demands it.
    ///
    /// # Panics
    /// When it does not start, or is demanded and not there.
    pub async fn consul() -> Option<Self> {
        let Some(binary) = find_consul() else {
            assert!(
                env::var_os("BELLHOP_REQUIRE_CONSUL").is_none(),
                "there is no Consul"
            );
            eprintln!("passed over: there is no Consul (scripts/get-consul.sh gets one)");
            return None;
        };
        Some(
            Self::agent(Agent {
                binary,
                memory: None,
                ports: free_ports(),
            })
            .await,
        )
    }

    /// A real Consul that keeps what it knows in a folder, over restarts; `None` where there is none.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn consul_with_memory(folder: &Path) -> Option<Self> {
        let agent = Agent {
            binary: find_consul()?,
            memory: Some(folder.to_owned()),
            ports: free_ports(),
        };
        Some(Self::agent(agent).await)
    }

    async fn agent(agent: Agent) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_ports::<1>()[0]));
        let mut registry = Self {
            address,
            agent: Some(agent),
            running: None,
        };
        registry.start().await;
        registry
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The system's number for it, where it is a process of its own that runs.
    pub fn process(&self) -> Option<u32> {
        match &self.running {
            Some(Running::Consul(child)) => Some(child.id()),
            _ => None,
        }
    }

    /// Restarts it at the same address; with no memory, unless it was given one.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        // The old one goes before the new one comes.
        self.stop();
        self.start().await;
    }

    /// Kills it.
    pub fn stop(&mut self) {
        self.running = None;
    }

    /// Starts it again after [`Registry::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(&mut self) {
        let running = match &self.agent {
            Some(agent) => Running::Consul(agent.start(self.address)),
            None => mini(self.address).1,
        };
        self.running = Some(running);
        self.until_it_leads().await;
    }

    /// Writes what it knows to a file.
    ///
    /// # Panics
    /// When it is no real Consul, or does not.
    pub fn save(&self, to: &Path) {
        self.snapshot("save", to);
    }

    /// Has it know what it knew then.
    ///
    /// # Panics
    /// When it is no real Consul, or does not.
    pub fn restore(&self, from: &Path) {
        self.snapshot("restore", from);
    }

    fn snapshot(&self, what: &str, file: &Path) {
        let agent = self.agent.as_ref().expect("a real Consul");
        let output = Command::new(&agent.binary)
            .args(["snapshot", what])
            .arg(format!("-http-addr={}", self.address))
            .arg(file)
            .output();
        let output = output.expect("a Consul that starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "snapshot {what}: {said}");
    }

    /// Writes a key.
    ///
    /// # Panics
    /// When it does not take it.
    pub async fn put(&self, key: &str, value: &str) {
        self.change("PUT", key, value).await;
    }

    /// Deletes a key.
    ///
    /// # Panics
    /// When it does not.
    pub async fn delete(&self, key: &str) {
        self.change("DELETE", key, "").await;
    }

    async fn change(&self, method: &str, key: &str, value: &str) {
        let mut raw = Raw::connect(self.address).await;
        let length = value.len();
        let head = format!(
            "{method} /v1/kv/{key} HTTP/1.1\r\nHost: consul\r\nContent-Length: {length}\r\n\r\n"
        );
        assert!(raw.say(&format!("{head}{value}")).await, "it is gone");
        raw.heard("true").await;
    }

    /// The ids of a service's instances, those that pass only.
    ///
    /// # Panics
    /// When it answers nonsense.
    pub async fn passing(&self, service: &str) -> Vec<String> {
        self.instances(service, "?passing").await
    }

    /// The ids of a service's instances.
    ///
    /// # Panics
    /// When it answers nonsense.
    pub async fn registered(&self, service: &str) -> Vec<String> {
        self.instances(service, "").await
    }

    /// A service's instances as the registry has them.
    ///
    /// # Panics
    /// When it answers nonsense.
    pub async fn services(&self, service: &str) -> Vec<Value> {
        let entries = self.entries(service, "").await;
        entries
            .into_iter()
            .map(|mut entry| entry["Service"].take())
            .collect()
    }

    async fn instances(&self, service: &str, query: &str) -> Vec<String> {
        let entries = self.entries(service, query).await;
        let ids = entries.iter();
        ids.map(|entry| entry["Service"]["ID"].as_str().expect("an id").to_owned())
            .collect()
    }

    async fn entries(&self, service: &str, query: &str) -> Vec<Value> {
        let url = format!("http://{}/v1/health/service/{service}{query}", self.address);
        let Ok(answer) = Client::new().get(&url).await else {
            return Vec::new();
        };
        if !answer.status.is_success() {
            return Vec::new();
        }
        answer.json().as_array().cloned().unwrap_or_default()
    }

    async fn until_it_leads(&self) {
        let url = format!("http://{}/v1/status/leader", self.address);
        let services = format!("http://{}/v1/health/service/consul?passing", self.address);
        let client = Client::new();
        until("a registry that leads", || async {
            let answer = client.get(&url).await.ok()?;
            (answer.status.is_success() && answer.body.len() > 2).then_some(())?;
            // A leader takes registrations once it has itself in its catalog.
            let answer = client.get(&services).await.ok()?;
            let real = self.agent.is_some();
            (!real || answer.json() != Value::Array(Vec::new())).then_some(())
        })
        .await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Consul(child) => end(child),
            Self::Mini { stop, thread } => {
                stop.take();
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
        }
    }
}

fn mini(address: SocketAddr) -> (SocketAddr, Running) {
    let (bound, address_bound) = std::sync::mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let registry = runtime
            .block_on(MiniConsul::bind(address))
            .expect("a registry");
        bound
            .send(registry.local_addr())
            .expect("a test that waits");
        runtime.block_on(registry.serve(stopped));
    });
    let address = address_bound.recv().expect("a registry that binds");
    (
        address,
        Running::Mini {
            stop: Some(stop),
            thread: Some(thread),
        },
    )
}

impl Agent {
    fn start(&self, address: SocketAddr) -> Child {
        let [lan, wan, server] = self.ports.map(|port| port.to_string());
        let mut command = Command::new(&self.binary);
        command.arg("agent");
        match &self.memory {
            Some(folder) => command
                // A server alone need not wait long before it elects itself.
                .args(["-hcl", "performance { raft_multiplier = 1 }"])
                .args(["-server", "-bootstrap-expect", "1", "-data-dir"])
                .arg(folder),
            None => command.arg("-dev"),
        };
        command
            .args(["-bind", "127.0.0.1", "-log-level", "err"])
            .args(["-dns-port", "-1", "-grpc-port", "-1"])
            .args(["-http-port", &address.port().to_string()])
            .args(["-serf-lan-port", &lan, "-serf-wan-port", &wan])
            .args(["-server-port", &server])
            .args(newer(&self.binary))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a Consul that starts")
    }
}

/// What only a newer Consul has to be told. From 1.14 on there is a second port of gRPC, the same for every agent of a machine
/// unless it is shut; an older one refuses an option that it does not know.
fn newer(binary: &Path) -> &'static [&'static str] {
    static IS_NEWER: OnceLock<bool> = OnceLock::new();
    let is_newer = IS_NEWER.get_or_init(|| {
        let help = Command::new(binary).args(["agent", "-help"]).output();
        let help = help.expect("a Consul that starts");
        let help = [help.stdout, help.stderr].concat();
        String::from_utf8_lossy(&help).contains("-grpc-tls-port")
    });
    match is_newer {
        true => &["-grpc-tls-port", "-1"],
        false => &[],
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn find_consul() -> Option<PathBuf> {
    let named = env::var_os("CONSUL_BIN").map(PathBuf::from);
    let in_path = env::var_os("PATH").into_iter().flat_map(|path| {
        env::split_paths(&path)
            .map(|folder| folder.join("consul"))
            .collect::<Vec<_>>()
    });
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.servers/consul/usr/bin/consul");
    named
        .into_iter()
        .chain(in_path)
        .chain([ours])
        .find(|path| path.is_file())
}

/// Ports that were free a moment ago, all different. None of those that the system hands out itself: a Consul that restarts
/// would find its port taken by somebody's connection.
pub fn free_ports<const N: usize>() -> [u16; N] {
    const LOWEST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    std::array::from_fn(|_| {
        loop {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            // Test processes that run at the same time begin at different places.
            let port = (LOWEST + (process::id() * 97 + next) % COUNT) as u16;
            if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                return port;
            }
        }
    })
}
