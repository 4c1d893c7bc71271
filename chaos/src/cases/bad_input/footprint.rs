//! What processes hold: memory and files.

use std::{collections::BTreeMap, fmt, fs, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{Report, Stage};

const MIB: u64 = 1 << 20;
/// So much more memory than after the first round is a leak...
const GROWTH: u64 = 24 * MIB;
/// ... and so much at any time is more than a member has any use for.
const MOST: u64 = 256 * MIB;
/// Members may meanwhile have a connection more to each other or to the registry.
const MORE_FILES: usize = 8;

/// How long files may take to be closed, and how often to look.
const SETTLE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(250);

/// What each process of a system holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Footprint {
    /// By the instance's id.
    held: BTreeMap<String, Held>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// In bytes.
    memory: u64,
    /// The most so far, in bytes.
    peak: u64,
    files: usize,
}

impl Footprint {
    pub(super) fn of(stage: &Stage) -> Self {
        let members = stage.members.values().flatten();
        let held = members.map(|member| (member.id.clone(), Held::of(member.process.id())));
        Self {
            held: held.collect(),
        }
    }

    /// Of a system that has nothing to do, looked at until no file is opened or closed any more.
    pub(super) async fn settled(stage: &Stage) -> Self {
        let mut seen = Self::of(stage);
        Self::look(stage, move |now| {
            let same = now.held.keys().all(|id| now.files(id) == seen.files(id));
            seen = now.clone();
            same
        })
        .await
    }

    /// Looked at until there are no more files than before.
    pub(super) async fn settled_to(before: &Self, stage: &Stage) -> Self {
        let closed = |now: &Self| now.held.keys().all(|id| now.files(id) <= before.files(id));
        Self::look(stage, closed).await
    }

    /// Looks until it is as it should be, for a bounded time.
    async fn look(stage: &Stage, mut is_good: impl FnMut(&Self) -> bool) -> Self {
        let begun = Instant::now();
        loop {
            sleep(LOOK).await;
            let now = Self::of(stage);
            if is_good(&now) || begun.elapsed() > SETTLE {
                return now;
            }
        }
    }

    /// With the memory of another time.
    pub(super) fn with_memory_of(mut self, other: &Self) -> Self {
        for (id, held) in &mut self.held {
            held.memory = other.held.get(id).map_or(0, |held| held.memory);
        }
        self
    }

    fn files(&self, id: &str) -> usize {
        self.held.get(id).map_or(0, |held| held.files)
    }

    /// Nobody holds much more than at first, nor ever did.
    pub(super) fn judge(&self, first: &Self, report: Report) -> Report {
        self.held.iter().fold(report, |report, (id, held)| {
            let before = first.held.get(id).copied().unwrap_or_default();
            let Held {
                memory,
                peak,
                files,
            } = *held;
            report
                .rule(memory <= before.memory + GROWTH, || {
                    let (from, to) = (before.memory / MIB, memory / MIB);
                    format!("{id} grew from {from} to {to} MiB")
                })
                .rule(peak <= MOST, || format!("{id} took {} MiB", peak / MIB))
                .rule(files <= before.files + MORE_FILES, || {
                    format!("{id} went from {} to {files} open files", before.files)
                })
        })
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = |what: fn(&Held) -> u64| self.held.values().map(what).max().unwrap_or_default();
        let (memory, peak) = (most(|held| held.memory), most(|held| held.peak));
        let files = most(|held| held.files as u64);
        let (memory, peak) = (memory / MIB, peak / MIB);
        write!(
            f,
            "at most {memory} MiB now, {peak} MiB ever, {files} files each"
        )
    }
}

impl Held {
    /// Nothing where the process is gone: its end is told elsewhere.
    fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
            kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        let files = fs::read_dir(format!("/proc/{process}/fd"));
        Self {
            memory: bytes("VmRSS"),
            peak: bytes("VmHWM"),
            files: files.map_or(0, Iterator::count),
        }
    }
}
