//! Hotels: the whole system in one binary.

mod cli;
mod error;
mod logs;
mod members;
mod plan;
mod registry;
mod run;
mod screen;
mod settings;

use std::process::ExitCode;

use clap::Parser;

use self::cli::Cli;

/// The program: reads the command line, runs until it is told to stop.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let logs = logs::init(cli.log);
    match plan::plan(cli).and_then(|plan| run::run(plan, &logs)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hotels: {}", error::chain(&error));
            ExitCode::FAILURE
        }
    }
}
