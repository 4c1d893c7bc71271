//! What is written down, and what has become of it.

use std::{collections::BTreeMap, env, fs, mem, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Failure, callgrind::Counts, work::Work};

/// So much more is no reason to look: memory lies elsewhere in every run, and hash tables begin with another seed.
const SHARE: f64 = 0.03;
/// And so many allocations, which are few.
const FEW: f64 = 1.0;
/// As many times a row is counted that seems to take more: chance may add something, and what is there is there each time.
const TRIES: u32 = 3;

/// What each row takes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Record(BTreeMap<String, Counts>);

/// What is written down: a record for each profile of cargo's, by its name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Records(BTreeMap<String, Record>);

impl Records {
    pub(crate) fn read() -> Result<Self, Failure> {
        Ok(serde_json::from_str(&fs::read_to_string(path())?)?)
    }

    /// That of the profile that this program was built by, if there is one.
    pub(crate) fn own(&self) -> Option<&Record> {
        self.0.get(&profile()?)
    }

    pub(crate) fn write(mut self, own: Record) -> Result<(), Failure> {
        let profile = profile().ok_or("nobody knows the profile of this build")?;
        self.0.insert(profile, own);
        let text = serde_json::to_string_pretty(&self)?;
        fs::write(path(), text + "\n")?;
        println!("\nwritten to {}", path().display());
        Ok(())
    }
}

/// The folder of the profile that this program lies in: `target/PROFILE/deps/counts-…`.
fn profile() -> Option<String> {
    let program = env::current_exe().ok()?;
    let profile = program.parent()?.parent()?.file_name()?;
    Some(profile.to_str()?.to_owned())
}

impl Record {
    pub(crate) fn add(&mut self, name: &str, counts: Counts) {
        self.0.insert(name.to_owned(), counts);
    }

    /// Prints the rows in their order, beside what was recorded.
    pub(crate) fn print(&self, recorded: &Self) {
        println!(
            "{:<36} {:>14} {:>12} {:>12} {:>14}",
            "once", "instructions", "allocations", "system calls", "÷ recorded"
        );
        for work in Work::ALL {
            let Some(now) = self.0.get(work.name()) else {
                continue;
            };
            let before = recorded.0.get(work.name());
            let ratio = before.map_or(f64::NAN, |before| now.instructions / before.instructions);
            println!(
                "{:<36} {:>14} {:>12.1} {:>12.1} {:>14.3}",
                work.name(),
                now.instructions,
                now.allocations,
                now.system_calls,
                ratio
            );
        }
    }

    /// Counts the rows again that seem to take more than they did, and fails where they do.
    pub(crate) fn compare(&mut self, recorded: &Self) -> Result<(), Failure> {
        let mut worse = self.worse(recorded)?;
        for _ in 1..TRIES {
            for (name, _) in mem::take(&mut worse) {
                println!("once more: {name}");
                let work = Work::named(&name).ok_or("a row that nobody knows")?;
                let now = work.count()?;
                self.0.entry(name).and_modify(|counts| counts.least(now));
            }
            worse = self.worse(recorded)?;
        }
        if worse.is_empty() {
            return Ok(());
        }
        let lines: Vec<_> = worse.into_iter().map(|(_, line)| line).collect();
        let advice =
            "mend it, or say in the commit why it is worth it and record it with `-- --record`";
        Err(format!("{}\n{advice}", lines.join("\n")).into())
    }

    /// The rows that take more than they did, each with what is to be said of it.
    fn worse(&self, recorded: &Self) -> Result<Vec<(String, String)>, Failure> {
        let scale = self.yardstick()? / recorded.yardstick()?;
        let mut worse = Vec::new();
        for (name, now) in &self.0 {
            let before = recorded.0.get(name);
            let before = before.ok_or_else(|| format!("{name} is not recorded"))?;
            let may = before.instructions * scale * (1.0 + SHARE);
            let may_allocate = before.allocations * (1.0 + SHARE) + FEW;
            for (what, now, may) in [
                ("instructions", now.instructions, may),
                ("allocations", now.allocations, may_allocate),
            ] {
                if now > may {
                    let line = format!(
                        "{name}: {now:.1} {what}, and {may:.1} at most by what is recorded"
                    );
                    worse.push((name.clone(), line));
                }
            }
        }
        Ok(worse)
    }

    fn yardstick(&self) -> Result<f64, Failure> {
        let counts = self.0.get(Work::ALL[0].name());
        let counts = counts.ok_or("the yardstick is not there")?;
        Ok(counts.instructions)
    }
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches/counts/recorded.json"]
        .iter()
        .collect()
}
