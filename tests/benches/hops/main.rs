//! What a hop costs, what it costs to be seen, and what the whole system of four hops does: the CPU time of all processes that take
//! part, for each call, and how late answers are under a steady load.
//!
//! `cargo bench -p e2e --bench hops` prints all tables; `-- hop hotels` some of them; with `--quick` it takes fewer and shorter
//! rounds, to see that it still runs; with `--write` the tables replace those in docs/performance.md.
//!
//! Each end of a hop is a process of its own, so that its CPU time is what the system says of that process, all its threads
//! together: this program starts itself again as a server or as callers ([`Role`]), and the binary of Hotels for its
//! services. ginepro's callers are a program of their own (`../ginepro`), which `GINEPRO_CALLER` names. What is compared takes turns, round
//! by round, so that whatever else the machine does hits all alike. Ratios tell more than microseconds: machines differ.

mod args;
mod bare;
mod caller;
mod calls;
mod child;
mod cost;
mod cpu;
mod discovery;
mod hop;
mod hotels;
mod load;
mod machine;
mod median;
mod memory;
mod page;
mod pick;
mod plain;
mod registry;
mod relay;
mod report;
mod rounds;
mod server;
mod serving;
mod sink;
#[path = "../vast/sorted.rs"]
mod sorted;
mod start;
mod steady;
mod stub;

use std::process::ExitCode;

use args::{Pace, Role, Table};

/// What went wrong; whoever reads the figures wants the text and no more.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match args::role().and_then(act) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hops: {error}");
            ExitCode::FAILURE
        }
    }
}

fn act(role: Role) -> Result<(), Failure> {
    match role {
        Role::Measure {
            pace,
            tables,
            write,
        } => measure(pace, &tables, write),
        Role::Serve { server, registry } => server::serve(server, registry),
        Role::Call {
            caller,
            endpoints,
            targets,
        } => caller::call(caller, endpoints, &targets),
        Role::Bare {
            runtime,
            handlers,
            service,
            callees,
        } => serving::serve(runtime, handlers, &service, &callees),
        Role::Nothing => {
            println!("benchmarks run with `cargo bench`");
            Ok(())
        }
    }
}

fn measure(pace: Pace, tables: &[Table], write: bool) -> Result<(), Failure> {
    println!("{}\n", machine::facts());
    for table in tables {
        let measured = match table {
            Table::Hop => hop::measure(pace),
            Table::Endpoints => hop::measure_endpoints(pace),
            Table::Cost => cost::measure(pace),
            Table::CostRequests => cost::measure_requests(pace),
            Table::Hotels => hotels::measure(pace),
            Table::Pick => pick::measure(pace),
            Table::Discovery => discovery::measure(pace),
            Table::Start => start::measure(pace),
        };
        page::put(table.name(), &measured?, write)?;
    }
    Ok(())
}
