//! Processes of Hotels.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use crate::{Registry, until};

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: String,
    settings: Vec<(String, String)>,
}

/// A process that runs until this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Launch {
    /// Starts this binary; nothing of the tests' own environment reaches it.
    pub fn new(binary: &str) -> Self {
        Self {
            binary: binary.to_owned(),
            settings: Vec::new(),
        }
    }

    /// Registers in this registry.
    #[must_use]
    pub fn registry(self, registry: &Registry) -> Self {
        self.set("CONSUL_HTTP_ADDR", &registry.address().to_string())
    }

    /// With a setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts a process with these arguments.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn start(&self, arguments: &[&str]) -> Process {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .env_clear()
            .env("HOTELS_LOG", "json")
            .env("RUST_LOG", "info")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process that starts");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        collect(child.stdout.take().expect("its output"), lines.clone());
        collect(child.stderr.take().expect("its log"), lines.clone());
        Process { child, lines }
    }
}

/// Remembers every line that a process writes.
fn collect(from: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            lines.lock().expect("the lines").push(line);
        }
    });
}

impl Process {
    /// All that it has written.
    ///
    /// # Panics
    /// When a reader has panicked.
    pub fn output(&self) -> String {
        self.lines.lock().expect("the lines").join("\n")
    }

    /// Where a service of this process listens, and the id of its instance.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn serving(&self, service: &str) -> (SocketAddr, String) {
        until(&format!("{service} serves"), || async {
            self.said_serving(service)
        })
        .await
    }

    fn said_serving(&self, service: &str) -> Option<(SocketAddr, String)> {
        let lines = self.lines.lock().expect("the lines");
        lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|line| {
                let is_it = line["message"] == "serving" && named(&line, service);
                let id = line["instance"].as_str()?;
                let address = line["address"].as_str()?.parse().ok()?;
                is_it.then(|| (address, id.to_owned()))
            })
    }

    /// Asks it to stop, as an orchestrator does.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn terminate(&self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    /// Its end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn end(&mut self) -> ExitStatus {
        let child = Mutex::new(&mut self.child);
        until("an end", || async {
            child
                .lock()
                .expect("the child")
                .try_wait()
                .expect("a state")
        })
        .await
    }
}

/// Whether a line is about a service, whatever prefix stands before its name.
fn named(line: &Value, service: &str) -> bool {
    line["service"]
        .as_str()
        .is_some_and(|name| name.ends_with(service))
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
