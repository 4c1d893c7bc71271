//! Processes of Hotels.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use serde_json::Value;

use crate::{Registry, until};

/// How to start a process.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program and what comes before the arguments.
    command: Vec<String>,
    settings: Vec<(String, String)>,
}

/// A process that runs until this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Log,
    readers: [JoinHandle<()>; 2],
}

/// What a process writes; it outlives the process.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Launch {
    /// Starts this binary; nothing of the tests' own environment reaches it.
    pub fn new(binary: &str) -> Self {
        Self {
            command: vec![binary.to_owned()],
            settings: Vec::new(),
        }
    }

    /// Has another program start it, such as `nsenter --net=…`.
    #[must_use]
    pub fn through(mut self, program: &[String]) -> Self {
        self.command.splice(0..0, program.iter().cloned());
        self
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
        let mut child = Command::new(&self.command[0])
            .args(&self.command[1..])
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
        let log = Log::default();
        let output = log.collect(child.stdout.take().expect("its output"));
        let lines = log.collect(child.stderr.take().expect("its log"));
        Process {
            child,
            log,
            readers: [output, lines],
        }
    }
}

impl Log {
    /// All lines so far.
    ///
    /// # Panics
    /// When a reader has panicked.
    pub fn text(&self) -> String {
        self.0.lock().expect("the lines").join("\n")
    }

    /// The first line so far that tells what is looked for, as JSON.
    ///
    /// # Panics
    /// When a reader has panicked.
    pub fn find<T>(&self, mut look: impl FnMut(&Value) -> Option<T>) -> Option<T> {
        let lines = self.0.lock().expect("the lines");
        lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|line| look(&line))
    }

    /// Remembers every line that a process writes.
    fn collect(&self, from: impl Read + Send + 'static) -> JoinHandle<()> {
        let lines = self.0.clone();
        thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                lines.lock().expect("the lines").push(line);
            }
        })
    }
}

impl Process {
    /// All that it has written.
    ///
    /// # Panics
    /// When a reader has panicked.
    pub fn output(&self) -> String {
        self.log.text()
    }

    /// What it writes.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The system's number for it.
    pub fn id(&self) -> u32 {
        self.child.id()
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

    /// Where a service of this process can be looked into.
    ///
    /// # Panics
    /// When it does not come to that.
    pub async fn admin(&self, service: &str) -> SocketAddr {
        until(&format!("{service} can be looked into"), || async {
            self.log.find(|line| {
                let address = line["admin"].as_str()?.parse().ok()?;
                named(line, service).then_some(address)
            })
        })
        .await
    }

    fn said_serving(&self, service: &str) -> Option<(SocketAddr, String)> {
        self.log.find(|line| {
            let is_it = line["message"] == "serving" && named(line, service);
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
        self.signal("TERM");
    }

    /// Sends it a signal: `TERM`, `KILL`, `STOP`, `CONT`.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill").success());
    }

    /// Its end, where it has ended.
    ///
    /// # Panics
    /// When the system does not know.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a state")
    }

    /// Its end, with all that it has written.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn end(&mut self) -> ExitStatus {
        let process = Mutex::new(self);
        until("an end", || async {
            let mut process = process.lock().expect("the process");
            let is_heard = process.readers.iter().all(JoinHandle::is_finished);
            process.ended().filter(|_| is_heard)
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
