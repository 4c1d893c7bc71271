//! Where the figures come from: they mean nothing without it.

use std::{env, fs, path::Path, process::Command, thread};

/// What a hop stands on.
const CRATES: [&str; 4] = ["tonic", "hyper", "h2", "tokio"];
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// One line.
pub(crate) fn facts() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // What follows is whose build it is.
    let kernel = release.split('-').next().unwrap_or_default();
    format!(
        "{}, commit {}: {cores} cores, {}, {} {}, {}, {}, {}.",
        said("date", &["-u", "+%Y-%m-%d"]),
        commit(),
        processor(),
        env::consts::OS,
        kernel.trim(),
        // The compiler at hand, which is the one that cargo has just used.
        said(&env::var("RUSTC").unwrap_or("rustc".to_owned()), &["-V"]),
        profile(),
        versions(),
    )
}

/// How this was built, by the folder that it is in.
fn profile() -> String {
    if cfg!(debug_assertions) {
        return "a profile with debug assertions: NO FIGURES TO QUOTE".to_owned();
    }
    let program = env::current_exe().unwrap_or_default();
    let folder = program.ancestors().nth(2).and_then(Path::file_name);
    match folder.and_then(|name| name.to_str()) {
        Some("release") => "release profile".to_owned(),
        other => format!(
            "{} profile: NO FIGURES TO QUOTE",
            other.unwrap_or("unknown")
        ),
    }
}

/// What was measured, and whether it is what was committed.
fn commit() -> String {
    let commit = said("git", &["-C", ROOT, "rev-parse", "--short", "HEAD"]);
    let changed = ["-C", ROOT, "status", "--porcelain", "--", ".", ":!docs"];
    match said("git", &changed).as_str() {
        "" => commit,
        _ => format!("{commit} with changes"),
    }
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = all.lines().filter(|line| line.starts_with("model name"));
    let name = lines.next().and_then(|line| line.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

fn versions() -> String {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap_or_default();
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split_once('"')?.0))
    };
    let versions: Vec<String> = CRATES.into_iter().filter_map(version).collect();
    versions.join(", ")
}

/// What a program says; nothing where it fails.
fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().ok();
    let output = output.filter(|output| output.status.success());
    let said = output.and_then(|output| String::from_utf8(output.stdout).ok());
    said.unwrap_or_default().trim().to_owned()
}
