//! Hotels: the whole system in one binary.

mod cli;
mod error;
mod generate;
mod logs;
mod members;
mod plan;
mod registry;
mod run;
mod screen;
mod settings;
mod unrepeated;

use std::process::ExitCode;

use clap::Parser;

use self::cli::{Cli, Command};

/// The program: reads the command line, runs until it is told to stop.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let logs = logs::init(cli.log);
    let done = match cli.command() {
        Command::Run(run) => plan::plan(*run).and_then(|plan| run::run(plan, &logs)),
        Command::Generate(what) => generate::generate(&what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hotels: {}", error::chain(&error));
            ExitCode::FAILURE
        }
    }
}
