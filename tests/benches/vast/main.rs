//! What many hotels cost: finding the nearest among a thousand to ten million, and a search over ten million through the running
//! system beside one over sixteen.
//!
//! `cargo bench -p e2e --bench vast` prints both tables; `-- geo` and `-- search` one of them; with `--quick` there are a hundred
//! thousand hotels at most, to see that it still runs; with `--write` the tables replace those in docs/performance.md. The data of ten million take 4 GB below the folder for temporary files
//! while it runs.

mod data;
mod geo_rows;
#[path = "../hops/machine.rs"]
mod machine;
#[path = "../hops/page.rs"]
mod page;
mod search;
mod sorted;

use std::{env, process::ExitCode};

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How many hotels, and for how long the system is asked.
struct Size {
    hotels: &'static [u32],
    rounds: usize,
    requests: usize,
}

const FULL: Size = Size {
    hotels: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    rounds: 7,
    requests: 4_000,
};
const QUICK: Size = Size {
    hotels: &[1_000, 100_000],
    rounds: 3,
    requests: 200,
};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.is_empty() {
        println!("benchmarks run with `cargo bench`");
        return ExitCode::SUCCESS;
    }
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vast: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &[String]) -> Result<(), Failure> {
    let (mut size, mut write, mut geo, mut search) = (FULL, false, false, false);
    for arg in args {
        match arg.as_str() {
            // cargo adds it when it is asked for benchmarks.
            "--bench" => {}
            "--quick" => size = QUICK,
            "--write" => write = true,
            "geo" => geo = true,
            "search" => search = true,
            _ => return Err(format!("{arg}? There are geo, search, --quick and --write").into()),
        }
    }
    let both = !geo && !search;
    println!("{}\n", machine::facts());
    let most = size.hotels.last().copied().unwrap_or_default();
    let data = data::Data::of(most)?;
    if geo || both {
        page::put("geo", &geo_rows::measure(&size, &data)?, write)?;
    }
    if search || both {
        page::put("search", &search::measure(&size, &data)?, write)?;
    }
    Ok(())
}
