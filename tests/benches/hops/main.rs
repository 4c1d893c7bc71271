//! What a hop costs, what it costs to be seen, and what the whole system of four hops does: the CPU time of all processes that take part, for each call.
//!
//! `cargo bench -p e2e --bench hops` prints all tables; `-- hop`, `-- cost` and `-- hotels` one of them; with `--quick` it takes
//! fewer and shorter rounds, to see that it still runs.
//!
//! Each end of a hop is a process of its own, so that its CPU time is what the system says of that process, all its threads
//! together: this program starts itself again as a server or as callers ([`Role`]), and the binary of Hotels for its
//! services. What is compared takes turns, round by
//! round, so that whatever else the machine does hits all alike. Ratios tell more than microseconds: machines differ.

mod args;
mod caller;
mod child;
mod cost;
mod cpu;
mod hop;
mod hotels;
mod load;
mod machine;
mod registry;
mod report;
mod rounds;
mod server;
mod sink;
mod stub;

use std::process::ExitCode;

use args::{Pace, Role, Table};

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let done = match args::role() {
        Ok(Role::Measure { pace, tables }) => measure(pace, &tables),
        Ok(Role::Serve { server, registry }) => server::serve(server, registry),
        Ok(Role::Call { caller, targets }) => caller::call(caller, &targets),
        Ok(Role::Nothing) => {
            println!("benchmarks run with `cargo bench`");
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hops: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(pace: Pace, tables: &[Table]) -> Result<(), Failure> {
    println!("{}\n", machine::facts());
    tables.iter().try_for_each(|table| match table {
        Table::Hop => hop::measure(pace),
        Table::Cost => cost::measure(pace),
        Table::Hotels => hotels::measure(pace),
    })
}
