//! Where the figures come from: they mean nothing without it.

use std::{env, fs, process::Command, thread};

/// One line.
pub(crate) fn facts() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let profile = if cfg!(debug_assertions) {
        "a profile with debug assertions: NO FIGURES TO QUOTE"
    } else {
        "release profile"
    };
    format!(
        "{cores} cores, {} {}, {}, {profile}",
        env::consts::OS,
        kernel.trim(),
        compiler().unwrap_or_else(|| "unknown compiler".to_owned()),
    )
}

/// The compiler at hand, which is the one that cargo has just used.
fn compiler() -> Option<String> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned())
}
