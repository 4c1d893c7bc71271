//! Hotels: the whole system in one binary.

mod cli;
mod error;
mod generate;
mod healthcheck;
mod logs;
mod members;
mod plan;
mod readyz;
mod registry;
mod run;
mod screen;
mod settings;
mod unrepeated;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use self::cli::{Cli, Command};

/// The program: reads the command line, runs until it is told to stop.
pub fn main() -> ExitCode {
    let mut command = <Cli as CommandFactory>::command();
    let matches = command.get_matches_mut();
    let cli =
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit());
    let told = settings::told(&command, &matches);
    let logs = logs::init(cli.log);
    let done = match cli.command() {
        Command::Run(run) => plan::plan(*run).and_then(|plan| run::run(plan, told, &logs)),
        Command::Generate(what) => generate::generate(&what),
        Command::Healthcheck(ask) => healthcheck::healthcheck(&ask),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hotels: {}", error::chain(&error));
            ExitCode::FAILURE
        }
    }
}
