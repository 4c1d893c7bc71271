//! Memory of a process, as the system counts it.

use std::fs;

use crate::Failure;

/// What is in memory of a process.
#[derive(Clone, Copy, Default)]
pub(crate) struct Resident {
    /// All of it, in MiB.
    pub(crate) all: f64,
    /// Without pages of files, such as the program, which processes share.
    pub(crate) own: f64,
}

/// What is in memory of a process now.
pub(crate) fn resident(process: u32) -> Result<Resident, Failure> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = |name: &str| -> Result<f64, Failure> {
        let mut lines = status.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
        let kib: f64 = found.ok_or_else(|| format!("{path}: no {name}"))?.parse()?;
        Ok(kib / 1024.0)
    };
    Ok(Resident {
        all: line("VmRSS:")?,
        own: line("RssAnon:")?,
    })
}
