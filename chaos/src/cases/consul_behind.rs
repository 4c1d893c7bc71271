//! The registry knows what it knew some time ago: of some it has not heard, others are dead.

use std::{fs, io, path::Path, time::Duration};

use e2e::until;
use tempfile::TempDir;

use crate::{Failure, Load, Report, Shape, Stage, Suite, cases::Case};

pub(super) const RESTARTED: Case = Case {
    name: "consul-behind",
    about: "Consul killed, back from an older folder: two of three that it names are dead, two that serve are missing",
    run: |suite| Box::pin(restarted(suite)),
};

pub(super) const RESTORED: Case = Case {
    name: "consul-restored",
    about: "Consul set back to an older snapshot while it runs: all that it names are dead, all that serve are missing",
    run: |suite| Box::pin(restored(suite)),
};

/// A Consul that was set back compares its catalogue with what its agent knows once in one to two minutes. The long form sees
/// that, and the end of the time for which members believe each other more than such a registry.
const CORRECTED: Duration = Duration::from_secs(150);

async fn restarted(suite: Suite) -> Result<Report, Failure> {
    let shape = Shape::default().with_memory();
    let older = TempDir::new()?;
    let mut stage = Stage::start(&suite, shape).await;
    // What it writes is whole only when it is over.
    stage.registry.stop();
    copy(stage.memory(), older.path())?;
    stage.registry.start().await;
    stage.until_all_pass().await;
    replace(&mut stage, 2).await;

    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    stage.registry.stop();
    fs::remove_dir_all(stage.memory())?;
    copy(older.path(), stage.memory())?;
    stage.registry.start().await;
    end(&suite, &stage, load).await
}

async fn restored(suite: Suite) -> Result<Report, Failure> {
    let folder = TempDir::new()?;
    let snapshot = folder.path().join("older");
    let mut stage = Stage::start(&suite, Shape::default()).await;
    stage.registry.save(&snapshot);
    replace(&mut stage, 3).await;

    let load = stage.load().await?;
    load.pass(suite.pace.before()).await;
    load.breaks();
    stage.registry.restore(&snapshot);
    let missing = missing(&stage).await;
    let report = end(&suite, &stage, load).await?;
    Ok(report.rule(missing > 0, || "the registry was not behind".to_owned()))
}

/// So many die and as many come, of each service but the frontend: a balancer that asks the registry would send to dead ones.
async fn replace(stage: &mut Stage, count: usize) {
    for service in ["geo", "rate", "profile", "search"] {
        for _ in 0..count {
            stage.remove(service, 0).process.signal("KILL");
        }
        stage.grow(service, count).await;
    }
}

/// How many that serve the registry does not name.
async fn missing(stage: &Stage) -> usize {
    let mut missing = 0;
    for (service, members) in &stage.members {
        let named = stage.registry.registered(service).await;
        let is_missing = |id: &&String| !named.contains(id);
        missing += members
            .iter()
            .map(|member| &member.id)
            .filter(is_missing)
            .count();
    }
    missing
}

/// Waits until the registry has caught up: for all of it in the long form, for a while in the short one.
async fn end(suite: &Suite, stage: &Stage, load: Load) -> Result<Report, Failure> {
    load.pass(suite.pace.pick(suite.pace.hold(), CORRECTED))
        .await;
    let missing = missing(stage).await;
    if suite.pace == crate::Pace::Long {
        until("all to be registered", || async {
            (self::missing(stage).await == 0).then_some(())
        })
        .await;
    }
    load.heals();
    load.pass(suite.pace.after()).await;
    Ok(Report::nothing_lost(load.stop().await)
        .note(format!("{missing} were still missing in the registry")))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}
