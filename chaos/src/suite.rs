//! What a case is told, and what is kept of it.

use std::{
    fs,
    path::{Path, PathBuf},
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
}

impl Suite {
    pub(crate) fn new(pace: Pace, rate: u32, namespaces: bool) -> Self {
        Self {
            pace,
            rate,
            namespaces,
            logs: Arc::default(),
        }
    }

    /// The same for a further case, without logs.
    pub(crate) fn afresh(&self) -> Self {
        Self {
            logs: Arc::default(),
            ..self.clone()
        }
    }

    /// Keeps what a process writes, until the case is over.
    pub(crate) fn keep(&self, service: &str, log: &Log) {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{:02}-{service}", logs.len());
        logs.push((name, log.clone()));
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
