//! How many instructions, allocations and system calls a hop and a request take: figures that do not depend on how busy the
//! machine is, so that a change for the worse is seen for certain.
//!
//! `cargo bench --profile quick -p chaos -p e2e --bench counts` compares them with `recorded.json`, as `.ci/run` does, and fails where
//! one has grown beyond its tolerance; with `-- --record` it writes them down instead. It needs valgrind. System calls are
//! shown and not compared: how many there are depends on how busy the machine is.
//!
//! A row is a process of this program under callgrind in which one thing is done over and over, one at a time and on one thread,
//! so that every run does the same. Counted is what lies between [`callgrind::begin_counting`] and
//! [`callgrind::end_counting`]. A hop of plain tonic is the yardstick: by what it takes now, the figures of another compiler
//! are compared with those that are recorded.

#[path = "../hops/bare.rs"]
mod bare;
mod callgrind;
mod hop;
#[path = "../hops/plain/mod.rs"]
mod plain;
mod record;
mod request;
#[path = "../hops/stub.rs"]
mod stub;
mod work;

use std::{env, process::ExitCode};

use record::{Record, Records};
use work::Work;

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    if let Some(work) = Work::told() {
        return work.run();
    }
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        // `cargo test` starts benchmarks too, to see whether they start.
        [] => {
            println!("benchmarks run with `cargo bench`");
            return ExitCode::SUCCESS;
        }
        ["--bench"] => compare(),
        ["--record", "--bench"] | ["--bench", "--record"] => record(),
        _ => Err("there is --record and nothing else".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Failure> {
    let records = Records::read()?;
    let mut now = measure()?;
    let Some(recorded) = records.own() else {
        now.print(&now);
        println!("\nnothing is recorded for this profile, so there is nothing to compare with");
        return Ok(());
    };
    now.print(recorded);
    now.compare(recorded)
}

fn record() -> Result<(), Failure> {
    let now = measure()?;
    now.print(&now);
    Records::read()?.write(now)
}

fn measure() -> Result<Record, Failure> {
    let mut record = Record::default();
    for work in Work::ALL {
        record.add(work.name(), work.count()?);
    }
    Ok(record)
}
