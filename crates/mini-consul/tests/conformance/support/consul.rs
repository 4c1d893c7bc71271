//! The real Consul: found, started once, and gone with the test binary.

use std::env;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::PATIENCE;

/// Kills Consul when its standard input closes, which happens when the test binary ends, however
/// it ends: nothing needs to be dropped for it.
const KEEPER: &str = r#""$@" & pid=$!; read -r _; kill -9 "$pid"; wait "$pid""#;

struct Running {
    address: SocketAddr,
    _keeper: Child,
}

/// The address of the one real Consul of this test binary, or none where there is no Consul.
pub(crate) fn shared() -> Option<SocketAddr> {
    static SHARED: OnceLock<Option<Running>> = OnceLock::new();
    SHARED
        .get_or_init(|| binary().map(start))
        .as_ref()
        .map(|running| running.address)
}

/// Where the `consul` program is.
///
/// # Panics
/// Where there is none although `BELLHOP_REQUIRE_CONSUL=1` says there must be.
pub(crate) fn binary() -> Option<PathBuf> {
    let named = env::var_os("CONSUL_BIN").map(PathBuf::from);
    let missing = named.as_deref().filter(|named| !named.is_file());
    assert!(missing.is_none(), "CONSUL_BIN names no file: {missing:?}");
    let on_path = env::var_os("PATH").and_then(|path| {
        env::split_paths(&path)
            .map(|folder| folder.join("consul"))
            .find(|file| file.is_file())
    });
    // Asked of cargo now: a binary built in one checkout may be run from another.
    let package =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let fetched = Path::new(&package).join("../../.servers/consul/usr/bin/consul");
    let found = named
        .or(on_path)
        .or_else(|| fetched.is_file().then_some(fetched));
    if found.is_none() {
        let required = env::var("BELLHOP_REQUIRE_CONSUL").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "BELLHOP_REQUIRE_CONSUL=1, but there is no consul: set CONSUL_BIN"
        );
        eprintln!(
            "passed over: no consul was found (CONSUL_BIN, PATH), so mini-consul is compared with nothing"
        );
    }
    found
}

fn start(binary: PathBuf) -> Running {
    let [http, server, lan, wan] = free_ports();
    let ports = [
        ("-http-port", http),
        ("-server-port", server),
        ("-serf-lan-port", lan),
        ("-serf-wan-port", wan),
    ];
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "sh"]).arg(binary);
    command.args([
        "agent",
        "-dev",
        "-bind",
        "127.0.0.1",
        "-node",
        "real",
        "-log-level",
        "err",
    ]);
    command.args(["-grpc-port", "-1", "-dns-port", "-1"]);
    for (name, port) in ports {
        command.arg(name).arg(port.to_string());
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let keeper = command.spawn().expect("sh starts consul");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, http));
    wait_until_ready(address);
    Running {
        address,
        _keeper: keeper,
    }
}

/// Consul is ready when it has elected itself and its own node stands in the catalog.
fn wait_until_ready(address: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while !ask(address, "/v1/health/service/consul?passing")
        .is_some_and(|text| text.contains("serfHealth"))
    {
        assert!(Instant::now() < deadline, "consul did not get ready");
        sleep(Duration::from_millis(50));
    }
}

fn ask(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Below those that the system hands out, so that nobody gets one of them before Consul has it.
fn free_ports() -> [u16; 4] {
    const LOWEST: u32 = 10_000;
    const COUNT: u32 = 5_000;
    let mut next = process::id() * 31;
    [(); 4].map(|()| {
        loop {
            next += 1;
            let port = (LOWEST + next % COUNT) as u16;
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return port;
            }
        }
    })
}
