//! A real Consul, where there is one.

use std::{
    env,
    net::{TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use bellhop::consul::{Config, Consul};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::wait::until;

/// How often other ports are tried, should another process have taken one in between.
const ATTEMPTS: usize = 5;

/// From 1.14 on there is a second port of gRPC, the same for every agent of a machine unless it is shut.
const GRPC_TLS_PORT: &str = "-grpc-tls-port";

/// A Consul agent of its own, without memory; dropping it ends it.
pub(crate) struct Agent {
    binary: PathBuf,
    ports: Ports,
    more: Vec<String>,
    child: Child,
}

#[derive(Clone, Copy)]
struct Ports {
    http: u16,
    https: u16,
    serf_lan: u16,
    serf_wan: u16,
    server: u16,
}

impl Agent {
    /// Starts an agent and waits until it has a leader. `None`, and a word about it, where there is no Consul.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one that answers queries out of a stream of changes, as each does from 1.10 on, while its server sends none. `None`
    /// too where Consul is older than 1.14.
    pub(crate) async fn start_without_changes() -> Option<Self> {
        if binary().is_some_and(|binary| !is_newer(&binary)) {
            eprintln!("passed over: this Consul is too old to be told so");
            return None;
        }
        let setting = "rpc { enable_streaming = false }";
        Self::start_with(&["-hcl".to_owned(), setting.to_owned()]).await
    }

    /// Starts an agent with more arguments.
    pub(crate) async fn start_with(more: &[String]) -> Option<Self> {
        let Some(binary) = binary() else {
            assert!(
                env::var_os("BELLHOP_REQUIRE_CONSUL").is_none_or(|value| value != "1"),
                "BELLHOP_REQUIRE_CONSUL is set, but there is no Consul: set CONSUL_BIN"
            );
            eprintln!("passed over: there is no Consul (CONSUL_BIN, PATH, .servers)");
            return None;
        };
        for _ in 0..ATTEMPTS {
            let ports = Ports::free();
            let child = spawn(&binary, ports, more);
            let mut agent = Self {
                binary: binary.clone(),
                ports,
                more: more.to_vec(),
                child,
            };
            if agent.leads().await {
                return Some(agent);
            }
        }
        panic!("{} does not start", binary.display());
    }

    /// Kills the agent; its memory goes with it.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same ports, with no memory.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.binary, self.ports, &self.more);
        assert!(self.leads().await, "the agent does not start again");
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.http)
    }

    /// `https://localhost:PORT`.
    pub(crate) fn tls_address(&self) -> String {
        format!("https://localhost:{}", self.ports.https)
    }

    /// `127.0.0.1:PORT`, where other agents meet it.
    pub(crate) fn lan(&self) -> String {
        format!("127.0.0.1:{}", self.ports.serf_lan)
    }

    /// Asks for what the client does not know: the body of a whole answer that is none but 200.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &[u8],
    ) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        let length = body.len();
        // The answer to HTTP/1.0 is in no chunks.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: consul\r\nX-Consul-Token: {token}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let body = answer.split_off(end + 4);
        let head = String::from_utf8(answer).unwrap();
        head.contains(" 200 OK").then_some(body)
    }

    /// A client of it.
    pub(crate) fn consul(&self) -> Consul {
        Consul::new(Config::at(&self.address()).unwrap())
    }

    /// Whether it came up, leader and all.
    async fn leads(&mut self) -> bool {
        let consul = self.consul();
        until("a leader", async || {
            if self.child.try_wait().unwrap().is_some() {
                return Some(false);
            }
            matches!(consul.leader().await, Ok(Some(_))).then_some(true)
        })
        .await
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(binary: &Path, ports: Ports, more: &[String]) -> Child {
    let Ports {
        http,
        https,
        serf_lan,
        serf_wan,
        server,
    } = ports;
    let https = if more.is_empty() {
        -1
    } else {
        i32::from(https)
    };
    // An older one refuses an option that it does not know.
    let newer: &[_] = match is_newer(binary) {
        true => &[GRPC_TLS_PORT, "-1"],
        false => &[],
    };
    Command::new(binary)
        .args(["agent", "-dev", "-bind", "127.0.0.1", "-log-level", "err"])
        .args(["-grpc-port", "-1", "-dns-port", "-1"])
        .args(newer)
        .args(["-http-port", &http.to_string()])
        .args(["-https-port", &https.to_string()])
        .args(["-serf-lan-port", &serf_lan.to_string()])
        .args(["-serf-wan-port", &serf_wan.to_string()])
        .args(["-server-port", &server.to_string()])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Consul starts")
}

/// Whether it is 1.14 or later.
fn is_newer(binary: &Path) -> bool {
    static NEWER: OnceLock<bool> = OnceLock::new();
    *NEWER.get_or_init(|| {
        let help = Command::new(binary).args(["agent", "-help"]).output();
        let help = help.expect("Consul starts");
        let help = [help.stdout, help.stderr].concat();
        String::from_utf8_lossy(&help).contains(GRPC_TLS_PORT)
    })
}

fn binary() -> Option<PathBuf> {
    if let Some(binary) = env::var_os("CONSUL_BIN") {
        return Some(binary.into());
    }
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.servers/consul/usr/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([servers])
        .map(|folder| folder.join("consul"))
        .find(|binary| binary.is_file())
}

impl Ports {
    /// Below those that the system hands out, so that nobody gets one of them by chance while an agent restarts.
    fn free() -> Self {
        let mut ports = (0..).map(|_| fastrand::u16(15_000..30_000)).filter(|port| {
            let address = ("127.0.0.1", *port);
            TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
        });
        let mut next = || ports.next().expect("there are ports");
        Self {
            http: next(),
            https: next(),
            serf_lan: next(),
            serf_wan: next(),
            server: next(),
        }
    }
}
