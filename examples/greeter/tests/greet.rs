//! The example, run as a stranger would run it: servers and a client that find each other in a registry.

use std::{
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use mini_consul::MiniConsul;
use tokio::{runtime::Builder, sync::oneshot};

const PATIENCE: Duration = Duration::from_secs(30);

/// Kills what it started.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A registry for as long as the sender lives.
fn registry() -> (String, oneshot::Sender<()>) {
    let (bound, address) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let anywhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let registry = runtime.block_on(MiniConsul::bind(anywhere)).unwrap();
        bound.send(registry.local_addr().to_string()).unwrap();
        runtime.block_on(registry.serve(stopped));
    });
    (address.recv().unwrap(), stop)
}

fn server(registry: &str) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greeter-server"));
    command
        .env("CONSUL_HTTP_ADDR", registry)
        .stdin(Stdio::null());
    Server(command.spawn().unwrap())
}

#[test]
fn the_client_is_greeted() {
    let (registry, _stop) = registry();
    let _servers = [server(&registry), server(&registry)];
    let ask = || {
        Command::new(env!("CARGO_BIN_EXE_greeter-client"))
            .args(["Ann", "Bob"])
            .env("CONSUL_HTTP_ADDR", &registry)
            .output()
            .unwrap()
    };
    // A client waits for a greeter for a second; a busy machine may take longer to start one.
    let began = Instant::now();
    let mut output = ask();
    while !output.status.success() && began.elapsed() < PATIENCE {
        output = ask();
    }
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        "Hello, Ann!\nHello, Bob!\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
