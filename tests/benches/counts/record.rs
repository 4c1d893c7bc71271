//! What is written down, and what has become of it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Failure, callgrind::Counts, work::Work};

/// So much more is no reason to look: memory lies elsewhere in every run, and hash tables begin with another seed.
const SHARE: f64 = 0.02;
/// And so many allocations or system calls, which are few.
const FEW: f64 = 0.5;

/// What each row takes.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Record(BTreeMap<String, Counts>);

impl Record {
    pub(crate) fn add(&mut self, name: &str, counts: Counts) {
        self.0.insert(name.to_owned(), counts);
    }

    pub(crate) fn read() -> Result<Self, Failure> {
        Ok(serde_json::from_str(&fs::read_to_string(path())?)?)
    }

    pub(crate) fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(path(), text + "\n")?;
        println!("\nwritten to {}", path().display());
        Ok(())
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

    /// Fails where something takes more than it did.
    pub(crate) fn compare(&self, recorded: &Self) -> Result<(), Failure> {
        let yardstick = |record: &Self| {
            let counts = record.0.get(Work::ALL[0].name());
            counts
                .map(|counts| counts.instructions)
                .ok_or("the yardstick is not there")
        };
        let scale = yardstick(self)? / yardstick(recorded)?;
        let mut worse = Vec::new();
        for (name, now) in &self.0 {
            let before = recorded
                .0
                .get(name)
                .ok_or_else(|| format!("{name} is not recorded"))?;
            let grown = [
                (
                    "instructions",
                    now.instructions,
                    before.instructions * scale,
                    0.0,
                ),
                ("allocations", now.allocations, before.allocations, FEW),
                ("system calls", now.system_calls, before.system_calls, FEW),
            ];
            for (what, now, before, few) in grown {
                if now > before * (1.0 + SHARE) + few {
                    worse.push(format!(
                        "{name}: {now:.1} {what}, and not more than {before:.1} as recorded"
                    ));
                }
            }
        }
        match worse.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "{}\nmend it, or say in the commit why it is worth it and record it: cargo bench -p e2e --bench counts -- --record",
                worse.join("\n")
            )
            .into()),
        }
    }
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches/counts/recorded.json"]
        .iter()
        .collect()
}
