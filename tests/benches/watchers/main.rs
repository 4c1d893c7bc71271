//! What following a large service asks of Consul, and how soon those who follow hear of a change. Nothing is called.
//!
//! `cargo bench -p e2e --bench watchers` registers up to a thousand instances in a real Consul, has up to a hundred callers follow
//! them, each with a connection of its own, and changes one instance at a time; with `--quick` there are few, to see that it
//! still runs. The callers share this machine with Consul: what they take to read their answers is part of the time
//! until they know.

#[path = "../hops/cpu.rs"]
mod cpu;
mod crowd;
#[path = "../hops/machine.rs"]
mod machine;
mod row;

use std::{env, process::ExitCode};

use e2e::Registry;
use tokio::runtime::Builder;

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many follow how many.
#[derive(Clone, Copy)]
struct Size {
    instances: usize,
    watchers: usize,
    changes: usize,
}

const FULL: [Size; 4] = [
    size(10, 100, 40),
    size(100, 100, 40),
    size(1000, 10, 40),
    size(1000, 100, 20),
];
const QUICK: [Size; 1] = [size(20, 5, 4)];

const fn size(instances: usize, watchers: usize, changes: usize) -> Size {
    Size {
        instances,
        watchers,
        changes,
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let sizes = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            println!("benchmarks run with `cargo bench`");
            return ExitCode::SUCCESS;
        }
        ["--bench"] | ["--bench", "--full"] => &FULL[..],
        ["--quick", "--bench"] | ["--bench", "--quick"] | ["--quick"] => &QUICK,
        ref other => {
            eprintln!("watchers: {}? There is --quick", other.join(" "));
            return ExitCode::FAILURE;
        }
    };
    match measure(sizes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watchers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(sizes: &[Size]) -> Result<(), Failure> {
    println!("{}\n", machine::facts());
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    for (number, size) in sizes.iter().enumerate() {
        let measured = runtime.block_on(async {
            // Each row has a Consul of its own: what it remembers of the row before costs, too.
            let Some(registry) = Registry::consul().await else {
                return Ok(None);
            };
            row::measure(&registry, *size).await.map(Some)
        });
        let Some(row) = measured? else {
            return Ok(());
        };
        if number == 0 {
            println!("{}", row::HEAD);
        }
        println!("{row}");
    }
    println!();
    Ok(())
}
