//! Runs this program under callgrind, and reads what that has counted.

use std::{
    collections::HashSet,
    env, fs,
    hint::black_box,
    path::Path,
    process::{self, Command},
};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// What the allocator is asked by; a call of one of these is an allocation.
const ALLOCATORS: [&str; 5] = [
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
];

/// What one time takes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
    pub(crate) system_calls: f64,
}

impl Counts {
    /// Of two counts of the same the lower one.
    pub(crate) fn least(&mut self, other: Self) {
        self.instructions = self.instructions.min(other.instructions);
        self.allocations = self.allocations.min(other.allocations);
        self.system_calls = self.system_calls.min(other.system_calls);
    }
}

/// callgrind forgets what it has counted when this is called.
#[inline(never)]
pub(crate) fn begin_counting() {
    black_box("begin");
}

/// callgrind writes down what it has counted when this is called.
#[inline(never)]
pub(crate) fn end_counting() {
    black_box("end");
}

/// Runs this program again, which does something so many times. What it takes once.
pub(crate) fn count(
    args: &[&str],
    times: u32,
    prepare: impl FnOnce(&mut Command),
) -> Result<Counts, Failure> {
    let file = env::temp_dir().join(format!("counts-{}", process::id()));
    let dump = file.with_extension("1");
    let mut command = Command::new("valgrind");
    command.env_clear();
    command.args(["--tool=callgrind", "--quiet", "--collect-systime=yes"]);
    command.args([
        "--zero-before=*begin_counting*",
        "--dump-before=*end_counting*",
    ]);
    command.arg(format!("--callgrind-out-file={}", file.display()));
    command.arg(env::current_exe()?).args(args);
    command.env("RUST_LOG", "error");
    prepare(&mut command);
    let output = command.output();
    let output = output.map_err(|error| format!("valgrind does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {said}", output.status).into());
    }
    let counts = read(&dump, times);
    if let Some(keep) = env::var_os("COUNTS_KEEP") {
        fs::copy(&dump, keep)?;
    }
    for file in [file, dump] {
        fs::remove_file(file)?;
    }
    counts
}

fn read(dump: &Path, times: u32) -> Result<Counts, Failure> {
    let text = fs::read_to_string(dump)?;
    let (instructions, system_calls) = totals(&text).ok_or("callgrind has written no totals")?;
    let once = |count: u64| (count as f64 / f64::from(times) * 100.0).round() / 100.0;
    Ok(Counts {
        instructions: once(instructions).round(),
        allocations: once(allocations(&text)),
        system_calls: once(system_calls),
    })
}

/// Instructions and system calls, of which the line says how many and how long.
fn totals(text: &str) -> Option<(u64, u64)> {
    let line = |name| text.lines().find_map(|line: &str| line.strip_prefix(name));
    let events = line("events: ")?.split_whitespace();
    let total = line("totals: ").or_else(|| line("summary: "))?;
    let totals: Vec<u64> = total
        .split_whitespace()
        .filter_map(|total| total.parse().ok())
        .collect();
    let of = |name| events.clone().position(|event| event == name);
    let total = |at: usize| totals.get(at).copied().unwrap_or_default();
    Some((total(of("Ir")?), total(of("sysCount")?)))
}

/// How often an allocator was called: `cfn=` names who is called by the `calls=` that follows, a name only the first time.
fn allocations(text: &str) -> u64 {
    let mut known = HashSet::new();
    let (mut callee, mut count) = (None, 0);
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix("cfn=")
            .or_else(|| line.strip_prefix("fn="))
        {
            let (id, name) = name.split_once(' ').unwrap_or((name, ""));
            if ALLOCATORS.contains(&name) {
                known.insert(id);
            }
            callee = line.starts_with('c').then_some(id);
        } else if let Some(calls) = line.strip_prefix("calls=")
            && callee.is_some_and(|callee| known.contains(callee))
        {
            let calls = calls.split_whitespace().next();
            count += calls
                .and_then(|calls| calls.parse::<u64>().ok())
                .unwrap_or_default();
        }
    }
    count
}
