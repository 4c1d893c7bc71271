//! CPU time of a process, as the system counts it.

use std::{fs, time::Duration};

use crate::Failure;

/// One step of `/proc`'s clocks: 1/100 s on all of Linux, whatever the kernel's own clock does.
const TICK: Duration = Duration::from_millis(10);
/// Where `utime` and `stime` stand after the name, which is the second field.
const USER_AND_SYSTEM: std::ops::Range<usize> = 11..13;

/// User and system time of all threads of a process, those that have ended included.
pub(crate) fn time(process: u32) -> Result<Duration, Failure> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let ticks = ticks(&stat).ok_or_else(|| format!("{path} is not as expected: {stat}"))?;
    Ok(TICK * ticks)
}

fn ticks(stat: &str) -> Option<u32> {
    // The name is in parentheses and may itself have some, or spaces.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields.get(USER_AND_SYSTEM)?;
    ticks.iter().map(|ticks| ticks.parse::<u32>().ok()).sum()
}
