//! CPU time of a process, as the system counts it.

use std::{fs, path::Path, time::Duration};

use crate::Failure;

/// User and system time of all threads of a process that are there, in steps of a nanosecond: a round need not be long.
pub(crate) fn time(process: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{process}/task");
    let threads = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut sum = Duration::ZERO;
    for thread in threads {
        // One that has just ended had little to do with the round.
        sum += of_thread(&thread?.path().join("schedstat"))?.unwrap_or_default();
    }
    Ok(sum)
}

/// The first figure is how long it has run.
fn of_thread(path: &Path) -> Result<Option<Duration>, Failure> {
    let Ok(stat) = fs::read_to_string(path) else {
        return Ok(None);
    };
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    let nanos = nanos.ok_or_else(|| format!("{} is not as expected: {stat}", path.display()))?;
    Ok(Some(Duration::from_nanos(nanos)))
}
