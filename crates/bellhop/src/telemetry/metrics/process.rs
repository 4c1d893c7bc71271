//! The process as the system sees it; nothing where the system is not Linux.

use std::{fs, time::Duration};

use opentelemetry_semantic_conventions::attribute::CPU_MODE;

use super::{
    Source,
    catalogue::{CPU_TIME, FILES, MEMORY, THREADS, UPTIME},
    snapshot::Snapshot,
};

/// The kernel tells times to programs in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// This process.
#[derive(Debug)]
pub(super) struct Process;

/// What `/proc/self/stat` says.
#[derive(Debug, PartialEq)]
struct Stat {
    user: f64,
    system: f64,
    threads: f64,
    /// Since the machine started.
    begun: f64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name of the program, in parentheses, may hold anything; what follows are numbers, the first of them the third.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
        let seconds = |field| Some(number(field)? * TICK.as_secs_f64());
        Some(Self {
            user: seconds(14)?,
            system: seconds(15)?,
            threads: number(20)?,
            begun: seconds(22)?,
        })
    }
}

/// Resident memory in bytes, from `/proc/self/status`.
fn memory(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn read(file: &str) -> Option<String> {
    fs::read_to_string(file).ok()
}

impl Source for Process {
    fn collect(&self, into: &mut Snapshot) {
        if let Some(stat) = read("/proc/self/stat").and_then(|text| Stat::parse(&text)) {
            into.number(&CPU_TIME, [(CPU_MODE, "user".into())], stat.user);
            into.number(&CPU_TIME, [(CPU_MODE, "system".into())], stat.system);
            into.number(&THREADS, [], stat.threads);
            let uptime = read("/proc/uptime");
            let uptime = uptime
                .as_deref()
                .and_then(|text| text.split(' ').next()?.parse().ok());
            if let Some(uptime) = uptime.map(|machine: f64| machine - stat.begun) {
                into.number(&UPTIME, [], uptime.max(0.0));
            }
        }
        if let Some(memory) = read("/proc/self/status").as_deref().and_then(memory) {
            into.number(&MEMORY, [], memory);
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder that is being read.
            into.number(&FILES, [], files.count().saturating_sub(1) as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_parentheses_does_not_confuse() {
        let text = "7 (a) b) (c) S 1 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 9 0 1200 5 6 7";
        let expected = Stat {
            user: 1.5,
            system: 0.5,
            threads: 9.0,
            begun: 12.0,
        };
        assert_eq!(Stat::parse(text), Some(expected));
        assert_eq!(Stat::parse("7 (a) S 1 2"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\tgeo\nVmPeak:\t  9 kB\nVmRSS:\t    2048 kB\nThreads:\t9\n";
        assert_eq!(memory(status), Some(2.0 * 1024.0 * 1024.0));
        assert_eq!(memory("VmRSS: many"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_all_of_them() {
        let mut snapshot = Snapshot::default();
        Process.collect(&mut snapshot);
        assert_eq!(snapshot.families().count(), 5);
    }
}
