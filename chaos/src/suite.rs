//! What a case is told, and what is kept of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
};

use e2e::Log;

use crate::{Failure, Pace};

/// What a case is told. A clone shares the logs.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    /// How long things last.
    pub(crate) pace: Pace,
    /// Requests a second.
    pub(crate) rate: u32,
    /// Whether there may be network namespaces.
    pub(crate) namespaces: bool,
    logs: Arc<Mutex<Vec<(String, Log)>>>,
    ends: Arc<Mutex<Vec<String>>>,
}

/// So much of its log tells why a process has ended.
const LAST_LINES: usize = 3;

impl Suite {
    pub(crate) fn new(pace: Pace, rate: u32, namespaces: bool) -> Self {
        Self {
            pace,
            rate,
            namespaces,
            logs: Arc::default(),
            ends: Arc::default(),
        }
    }

    /// The same for a further case, without logs.
    pub(crate) fn afresh(&self) -> Self {
        Self {
            logs: Arc::default(),
            ends: Arc::default(),
            ..self.clone()
        }
    }

    /// Keeps what a process writes, until the case is over.
    pub(crate) fn keep(&self, service: &str, log: &Log) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{:02}-{service}", logs.len());
        logs.push((name, log.clone()));
    }

    /// Keeps that a process has ended which nobody told to, and what it said last.
    pub(crate) fn ended(&self, id: &str, end: ExitStatus, log: &Log) {
        let text = log.text();
        let lines: Vec<_> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n        ");
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.push(format!("{id} has ended by itself, {end}:\n        {last}"));
    }

    /// The processes that have ended by themselves, and what they said last.
    pub(crate) fn ends(&self) -> Vec<String> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.clone()
    }

    /// The processes that have panicked, and how they say so.
    pub(crate) fn panics(&self) -> Vec<String> {
        let said = |(name, log): &(String, Log)| {
            let text = log.text();
            let line = text.lines().find(|line| line.contains("panicked at"))?;
            Some(format!("{name} has panicked: {line}"))
        };
        self.logs().iter().filter_map(said).collect()
    }

    /// Writes all logs below a folder; names the folder.
    pub(crate) fn save(&self, below: &Path, case: &str) -> Result<PathBuf, Failure> {
        let folder = below.join(case);
        fs::create_dir_all(&folder)?;
        for (name, log) in self.logs() {
            fs::write(folder.join(format!("{name}.log")), log.text())?;
        }
        Ok(folder)
    }

    fn logs(&self) -> Vec<(String, Log)> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.clone()
    }
}
