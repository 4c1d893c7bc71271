//! The walk-throughs of `docs/operations.md`, line by line as they stand there, under a load of which no request may fail.

use std::{env, fs, os::unix::fs::symlink, sync::Arc, thread, time::Duration};

use e2e::{Launch, Load, Process, Registry, System, against_both, until};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{BINARY, KEY, launch, of_twenty, split, start, system};

const DOCUMENT: &str = include_str!("../../../docs/operations.md");

against_both![
    a_canary_as_it_is_written_loses_no_request,
    blue_and_green_as_they_are_written_lose_no_request,
    the_canarys_check_fails_where_the_new_version_does,
];

async fn a_canary_as_it_is_written_loses_no_request(registry: Registry) {
    go("### Canary", "v1", "v2", registry).await;
}

async fn blue_and_green_as_they_are_written_lose_no_request(registry: Registry) {
    go("### Blue/green", "blue", "green", registry).await;
}

/// Goes through a section beside a running system of the old version, whose end leaves the new one alone.
async fn go(heading: &str, old: &str, new: &str, registry: Registry) {
    if !has_curl() {
        return;
    }
    let lines = lines(heading);
    let launch = launch(&registry).set("BELLHOP_FORCE_VERSION", "true");
    let system = System::start(launch.clone().set("BELLHOP_VERSION", old)).await;
    let system = Arc::new(system);
    let mut walk = Walk::start(&launch, &system, (&registry, old), &lines);
    let load = Load::start(&system, 4);
    for line in &lines {
        load.pass(20).await;
        walk.on().await;
        for (says, expected) in [(":1,", 0), (":0,", 20)] {
            // Who has all, and who nothing.
            if line.contains(&format!("{says}\"{new}\":{}", u8::from(expected > 0))) {
                of_twenty(&system, new, expected).await;
            }
        }
    }
    load.pass(20).await;
    load.stop().await;
    of_twenty(&system, new, 20).await;
    until("no split", || async {
        split(&system).await.is_null().then_some(())
    })
    .await;
}

/// Everybody gets v1's answer then, and only the check says that it is not v2's.
async fn the_canarys_check_fails_where_the_new_version_does(registry: Registry) {
    if !has_curl() {
        return;
    }
    let lines = lines("### Canary");
    let mut check = lines
        .iter()
        .filter(|line| line.contains("x-bellhop-version"));
    let check = *check.next().expect("a check");
    let launch = launch(&registry).set("BELLHOP_FORCE_VERSION", "true");
    let system = system(launch.clone()).await;
    registry.put(KEY, r#"{"v1":1,"v2":0}"#).await;
    let new = start(&launch.set("HOTELS_ALLOW_CHAOS", "true"), "v2", "rate").await;
    let faults = format!("http://{}/faults", new.admin("rate").await);
    let run = async |line: &str| {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-euc", line]).env("FRONTEND", system.address());
        shell.output().await.unwrap()
    };
    let until_well = async || {
        until("a check that finds the new version well", || async {
            run(check).await.status.success().then_some(())
        })
        .await;
    };
    until_well().await;
    let ill = format!(r#"curl -fsS -d '{{"errors":1,"seconds":300}}' {faults}"#);
    let ill = run(&ill).await;
    assert!(ill.status.success(), "{ill:?}");
    for _ in 0..10 {
        system.example().await.unwrap();
        let found = run(check).await;
        assert!(
            !found.status.success() && found.stdout.is_empty(),
            "{found:?}"
        );
    }
    let well = run(&format!("curl -fsS -X DELETE {faults}")).await;
    assert!(well.status.success(), "{well:?}");
    until_well().await;
}

/// Whether there is what the lines need. Says so where there is not, unless `BELLHOP_REQUIRE_CONSUL` demands it.
fn has_curl() -> bool {
    let programs = env::var_os("PATH").unwrap_or_default();
    let is_there = env::split_paths(&programs).any(|folder| folder.join("curl").is_file());
    if !is_there {
        let demanded = env::var_os("BELLHOP_REQUIRE_CONSUL").is_some();
        assert!(!demanded, "there is no curl");
        eprintln!("passed over: there is no curl");
    }
    is_there
}

/// The lines of a section's blocks of commands.
fn lines(heading: &str) -> Vec<&'static str> {
    let (_, section) = DOCUMENT
        .split_once(&format!("\n{heading}\n"))
        .expect(heading);
    let section = section.split("\n#").next().unwrap_or_default();
    let blocks = section.split("```sh\n").skip(1);
    let blocks = blocks.filter_map(|block| Some(block.split_once("```")?.0));
    blocks.flat_map(str::lines).collect()
}

/// A shell that goes on to a line when it is told.
struct Walk {
    shell: Process,
    folder: TempDir,
    /// How many lines it has gone.
    gone: usize,
}

impl Walk {
    /// Starts a shell that has these commands before it, and `hotels` among its programs.
    fn start(
        launch: &Launch,
        system: &System,
        (registry, old): (&Registry, &str),
        lines: &[&str],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        symlink(BINARY, folder.path().join("hotels")).unwrap();
        let script = folder.path().join("walk");
        fs::write(&script, script_of(lines)).unwrap();
        let programs = env::var("PATH").unwrap_or_default();
        let shell = launch
            .clone()
            // In a group of its own, which it ends as a whole.
            .through(&["setsid", "sh", "-eu", &script.display().to_string()].map(str::to_owned))
            .set("PATH", &format!("{}:{programs}", folder.path().display()))
            .set("HERE", &folder.path().display().to_string())
            .set("CONSUL", &format!("http://{}", registry.address()))
            .set("FRONTEND", system.address())
            // The one that is there.
            .set(old, &system.processes["rate"][0].id().to_string())
            .start(&[]);
        Self {
            shell,
            folder,
            gone: 0,
        }
    }

    /// Has it go one line further.
    async fn on(&mut self) {
        self.gone += 1;
        let mark = |name: &str| self.folder.path().join(format!("{name}-{}", self.gone));
        fs::write(mark("go"), "").unwrap();
        until(&format!("line {} of a walk", self.gone), || async {
            mark("done").exists().then_some(())
        })
        .await;
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.shell.terminate();
        for _ in 0..500 {
            if self.shell.ended().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Marks are files: what the lines write is theirs.
fn script_of(lines: &[&str]) -> String {
    let mut script = "trap 'trap - TERM; kill 0' TERM\n".to_owned();
    for (number, line) in (1..).zip(lines) {
        script += &format!(
            "until [ -e \"$HERE/go-{number}\" ]; do sleep 0.02; done\n{line}\n: >\"$HERE/done-{number}\"\n"
        );
    }
    script + "while :; do sleep 0.02; done\n"
}
